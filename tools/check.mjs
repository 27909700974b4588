/**
 * `npm run check`: what must hold of the code without running it as a server. One file in `checks/` per promise.
 *
 * Usage: `node tools/check.mjs [--only name,name] [--update]`. `--update` rewrites the reviewed snapshots. Ends with the
 * line `N passed, N failed`.
 *
 * @module
 */
import { readdir } from 'node:fs/promises'
import { parseArgs } from 'node:util'

/**
 * A check resolves with nothing when all is well, else with the sentences that say what is wrong.
 *
 * @typedef {{ title: string, check: (options: { update: boolean }) => Promise<readonly string[] | void> }} Check
 */

const { values } = parseArgs({ options: { only: { type: 'string' }, update: { type: 'boolean', default: false } } })

/** In an order in which what fails first explains the most. */
const ORDER = [
  'types',
  'lint',
  'layers',
  'entries',
  'package',
  'budget',
  'exports',
  'errors',
  'unused',
  'lockfile',
  'release',
]

const names = values.only?.split(',') ?? ORDER
const unknown = names.filter((name) => !ORDER.includes(name))
if (unknown.length > 0) {
  console.error(`Unknown check: ${unknown.join(', ')}. There are ${ORDER.join(', ')}.`)
  process.exit(2)
}

const files = await readdir(new URL('checks/', import.meta.url))
const forgotten = files.filter((file) => !ORDER.includes(file.replace(/\.mjs$/, '')))
if (forgotten.length > 0) throw new Error(`tools/check.mjs does not know checks/${forgotten.join(', checks/')}.`)

let passed = 0
let failed = 0
for (const name of names) {
  const begin = performance.now()
  const { title, check } = await import(`./checks/${name}.mjs`)
  const problems = await check({ update: values.update }).then(
    (found) => found ?? [],
    (thrown) => [thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)],
  )
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(9)} ${title} (${seconds} s)`)
  for (const problem of problems) console.log(problem.trimEnd().replace(/^/gm, '      '))
  if (problems.length === 0) passed++
  else failed++
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
