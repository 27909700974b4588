import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fetchHandler } from '../../src/adapters/fetch.ts'
import { createServer } from '../../src/index.ts'
import { Counters } from '../../src/session/counters.ts'
import { DEFAULT_LIMITS } from '../../src/session/limits.ts'
import { SUPPORTED } from '../../src/wire/revision.ts'
import { blocksOf, documents, ROOT, read } from './blocks.ts'

/** The rows of all tables of a document: the cells of each. */
function rowsOf(file: string): string[][] {
  return read(file)
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[-|]+$/.test(line))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

/** The names in the first cells, without their backticks. */
function namesIn(file: string): string[] {
  return rowsOf(file).flatMap(([first]) => /^`(\w+)`$/.exec(first!)?.[1] ?? [])
}

/** Headings as the fragments that links to them have. */
function anchorsOf(file: string): string[] {
  const headings = read(file).matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

describe('links', () => {
  test.each(documents())('every link of %s leads somewhere', (file) => {
    const broken: string[] = []
    for (const [, target] of read(file).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue
      const [path, anchor] = target!.split('#') as [string, string | undefined]
      const at = path === '' ? file : normalize(join(dirname(file), path))
      if (!existsSync(ROOT + at)) broken.push(target!)
      else if (anchor !== undefined && !anchorsOf(at).includes(anchor)) broken.push(target!)
    }
    expect(broken).toEqual([])
  })

  test('every decision is listed', () => {
    const records = documents().filter((file) => /^docs\/adr\/\d/.test(file))
    expect(records.length).toBeGreaterThan(0)
    for (const record of records) expect(read('docs/adr/README.md')).toContain(`(${record.slice('docs/adr/'.length)})`)
  })
})

describe('blocks', () => {
  test('have a language that says whether they are run', () => {
    const languages = new Set(documents().flatMap((file) => blocksOf(file).map(({ language }) => language)))
    const known = [
      'nginx',
      'haproxy',
      'caddyfile',
      'yaml',
      'dockerfile',
      'ts',
      'ts prelude',
      'sh',
      'console',
      'json',
      'text',
      'js',
    ]
    expect([...languages].filter((language) => !known.includes(language))).toEqual([])
  })

  test('commands are scripts, files or commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: Record<string, string> }
    const unknown: string[] = []
    const text = documents().map(read).join('\n')
    for (const [command, script] of text.matchAll(/\bnpm (?:run )?([a-z]+)\b/g)) {
      const builtIn = ['ci', 'install', 'pack', 'run'].includes(script!)
      if (!builtIn && scripts[script!] === undefined) unknown.push(command)
    }
    for (const [command, path] of text.matchAll(/\bnode ([\w/-]+\.mjs)\b/g)) {
      if (path!.includes('/') && !existsSync(ROOT + path)) unknown.push(command)
    }
    expect(unknown).toEqual([])
  })
})

describe('tables', () => {
  test('docs/counters.md has every counter and every size, and nothing else', async () => {
    const handler = fetchHandler(createServer({ name: 'counters', version: '1.0.0' }), { logger: () => {} })
    const snapshot = await handler.counters()
    await handler.close({ deadline: 0 })
    expect(namesIn('docs/counters.md')).toEqual(Object.keys(snapshot))
    expect(Object.keys(snapshot).slice(0, Object.keys(new Counters()).length)).toEqual(Object.keys(new Counters()))
  })

  test('docs/options.md has every limit with its default', () => {
    const documented = rowsOf('docs/options.md').flatMap(([first, amount]) => {
      const name = /^`(\w+)`$/.exec(first!)?.[1]
      return name !== undefined && name in DEFAULT_LIMITS ? [[name, Number(amount!.replaceAll(',', ''))]] : []
    })
    expect(documented).toEqual(Object.entries(DEFAULT_LIMITS))
  })

  test('docs/options.md has every option', () => {
    let sentence = ''
    try {
      fetchHandler(createServer({ name: 'options', version: '1.0.0' }), { unknown: true } as object)
    } catch (thrown) {
      sentence = (thrown as Error).message
    }
    const options = /Options are (.+)\.$/.exec(sentence)?.[1]?.split(', ') ?? []
    expect(options.length).toBeGreaterThan(10)
    const first = rowsOf('docs/options.md').map(([cell]) => cell!)
    const missing = options.filter(
      (option) => option !== 'limits' && !first.some((cell) => new RegExp(`^\`${option}[\`.]`).test(cell)),
    )
    expect(missing).toEqual([])
  })

  test('docs/lifecycle.md says which revisions are served', () => {
    const served = rowsOf('docs/lifecycle.md').filter(([name, yes]) => /^\d{4}-/.test(name!) && yes === 'yes')
    expect(served.map(([name]) => name).reverse()).toEqual(SUPPORTED)
  })

  test('ARCHITECTURE.md names files that exist, with lengths that are about right', () => {
    const rows = rowsOf('ARCHITECTURE.md').flatMap(([cell, lines]) => {
      const file = /^`(src\/.+)`$/.exec(cell!)?.[1]
      return file === undefined ? [] : [{ file, lines: Number(lines) }]
    })
    expect(rows.length).toBeGreaterThan(5)
    const wrong = rows.filter(({ file, lines }) => {
      const real = read(file).split('\n').length
      return Math.abs(real - lines) > real * 0.15
    })
    expect(wrong).toEqual([])
  })

  test('every file that ARCHITECTURE.md mentions exists', () => {
    const mentioned = [...read('ARCHITECTURE.md').matchAll(/`((?:\w+\/)[\w/-]+\.ts)`/g)].map(([, path]) => path!)
    const missing = mentioned.filter((path) => !existsSync(`${ROOT}src/${path}`) && !existsSync(ROOT + path))
    expect([mentioned.length > 10, missing]).toEqual([true, []])
  })
})
