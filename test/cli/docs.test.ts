/** Every command that docs/cli.md shows is run, and prints what the page says; `…` stands for anything. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { fairlead, inRepository, project, startFairlead, weather } from './support.ts'

const PAGE = readFileSync(inRepository('docs/cli.md'), 'utf8')
const WEATHER_URL = 'http://127.0.0.1:8000/mcp'

interface Shown {
  readonly command: string
  readonly output: string
}

const shown: Shown[] = [...PAGE.matchAll(/```console\n\$ npx fairlead (.*)\n([\s\S]*?)```/g)].map((match) => ({
  command: match[1] ?? '',
  output: match[2] ?? '',
}))

/** The words of a command line without quotes. */
function wordsOf(command: string): string[] {
  return command.split(' ')
}

/** A pattern for an output: `…` stands for anything, a port for any port. */
function patternOf(output: string): RegExp {
  const literal = output.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('…', '[\\s\\S]*?')}$`)
}

let url = ''
beforeAll(async () => {
  url = (await weather()).url
})

test('the page shows each command', () => {
  const commands = new Set(shown.map(({ command }) => wordsOf(command)[0]))
  expect(commands).toEqual(new Set(['walk', 'call', 'list', 'doctor', 'run', 'dev']))
})

test.each(shown.filter(({ command }) => /^(walk|call|list|doctor)/.test(command)))(
  '$command',
  async ({ command, output }) => {
    const finished = await fairlead(wordsOf(command.replace(WEATHER_URL, url)))
    expect(`${finished.out}${finished.err}`.replaceAll(url, WEATHER_URL)).toMatch(patternOf(output))
  },
)

test('the page names every check of doctor', () => {
  const files = readdirSync(inRepository('src/cli/doctor/checks')).map((name) => name.replace(/\.ts$/, ''))
  const named = [...PAGE.matchAll(/^\| [^|`]+ \| `([a-z]+)` \| /gm)].map(([, id]) => id)
  expect(named.toSorted()).toEqual(files.filter((name) => name !== 'index').toSorted())
})

test.each(shown.filter(({ command }) => /^(run|dev)/.test(command)))('$command', async ({ command, output }) => {
  const cwd = project()
  writeFileSync(join(cwd, 'server.mjs'), /```js\n\/\/ server\.mjs\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '')
  const running = startFairlead(wordsOf(command), { cwd, env: { PORT: '0' } })
  const [served] = await running.saw(/http:\/\/\S+/)
  for (const line of output.trimEnd().split('\n')) {
    expect(running.text()).toContain(line.replace('http://localhost:8000/mcp', served))
  }
})
