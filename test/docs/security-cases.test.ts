/**
 * docs/security-cases.md: every case has its row, whatever it names exists, its tests have its number in their names, and
 * they run where it says.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import configuration from '../../vitest.config.ts'
import { ROOT, read } from './blocks.ts'

const PAGE = 'docs/security-cases.md'
const rows = [...read(PAGE).matchAll(/^\| (\d+) \| .+? \| (.+?) \| (.+) \|$/gm)].map(([, number, where, shown]) => ({
  number: Number(number),
  where: where!,
  shown: shown!,
}))

/** The files whose tests have the number of a case in their names. */
const titled = new Map<number, Set<string>>()
for (const folder of ['src', 'test']) {
  for (const name of readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })) {
    const path = `${folder}/${name.replaceAll('\\', '/')}`
    if (!path.endsWith('.ts') || path.includes('node_modules')) continue
    for (const [, list] of readFileSync(ROOT + path, 'utf8').matchAll(/['`]cases? ([\d, and]+)[:,]/g)) {
      for (const number of list!.match(/\d+/g)!) {
        const files = titled.get(Number(number)) ?? new Set()
        titled.set(Number(number), files.add(path))
      }
    }
  }
}

/** `*` and `{one,other}`, which is all that the configuration uses here. */
function matches(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const source = pattern
      .replaceAll('.', '\\.')
      .replaceAll('*', '[^/]*')
      .replace(/\{([^}]*)\}/g, (_, list: string) => `(${list.replaceAll(',', '|')})`)
    return new RegExp(`^${source}$`).test(path)
  })
}

interface Project {
  readonly test: { readonly name: string; readonly include: string[]; readonly exclude?: string[] }
}
const projects = configuration.test!.projects as unknown as readonly Project[]
const { include, exclude = [] } = projects.find(({ test: { name } }) => name === 'spread')!.test

function placesOf(path: string): readonly string[] {
  if (matches(path, include) && !matches(path, exclude)) return ['one process', 'replicas']
  const several = /^test\/(replicas|cluster|engines)\/|replicas\.test\.ts$|^test\/cli\/doctor/.test(path)
  return [several ? 'replicas' : 'one process']
}

test('every case is there once, in its order', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 72 }, (_, at) => at + 1))
})

test('what shows it exists', () => {
  const named = [...read(PAGE).matchAll(/`((?:src|test|bench)\/[\w./-]+)`/g)].map(([, path]) => path!)
  expect(named.length).toBeGreaterThan(90)
  expect(named.filter((path) => !existsSync(ROOT + path))).toEqual([])
})

test('its tests are named after it, and all of them are in its row', () => {
  // These go through everything at once, and have no tests with names.
  const whole = /^(bench|test\/(simulation|faults|sabotage|fuzz))\//
  for (const { number, shown } of rows) {
    const paths = [...shown.matchAll(/`((?:src|test|bench)\/[\w./-]+)`/g)].map(([, path]) => path!)
    const named = paths.filter((path) => !whole.test(path))
    expect([number, named.sort()]).toEqual([number, [...(titled.get(number) ?? [])].sort()])
  }
})

test('they run where it says', () => {
  for (const { number, where } of rows) {
    const places = new Set([...(titled.get(number) ?? [])].flatMap(placesOf))
    const expected = places.size === 2 ? 'both' : ([...places][0] ?? '–')
    expect([number, where]).toEqual([number, expected])
  }
})

test('a case without a test says why', () => {
  for (const { number, where, shown } of rows) {
    const reason = /open: \S|a limit: \S|nothing is run again/.test(shown)
    expect([number, where !== '–' || reason]).toEqual([number, true])
  }
})
