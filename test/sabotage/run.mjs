/**
 * Shows that the tests would notice: each file in `defects` is a deliberate defect, put into a copy of the sources, and the
 * part of the suite that it names has to fail then.
 *
 *     node test/sabotage/run.mjs [--only defect,defect]
 *
 * A defect replaces exactly one piece of text; one whose text is no longer there is an error, as is one that nothing
 * catches. Undamaged, the same parts pass. The last line is `N passed, N failed`, counting defects.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEFECTS = new URL('defects/', import.meta.url)
const COPIED = ['src', 'test', 'package.json', 'vitest.config.ts', 'tsconfig.base.json', 'tsconfig.json']
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')

/** How long a part may take to fail. A defect that makes it hang is noticed too. */
const LIMIT_MS = 120_000

/** Seeds that the undamaged simulation plays: the rest of `npm test` plays more. */
const SOUND_SEEDS = 140

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const files = (await readdir(DEFECTS)).filter((file) => file.endsWith('.mjs')).sort()
const wanted = values.only?.split(',')
const defects = []
for (const file of files) {
  const name = file.slice(0, -4)
  if (wanted !== undefined && !wanted.includes(name)) continue
  defects.push({ name, ...(await import(new URL(file, DEFECTS).href)).default })
}
if (defects.length === 0) {
  console.error(`Unknown defect. There are ${files.map((file) => file.slice(0, -4)).join(', ')}.`)
  process.exit(2)
}

const folder = await mkdtemp(join(tmpdir(), 'fairlead-sabotage-'))
const results = []
try {
  const queue = [undefined, ...defects]
  const workers = Array.from({ length: Math.min(queue.length, availableParallelism()) }, async (_, at) => {
    const copy = await copySources(join(folder, String(at)))
    while (queue.length > 0) {
      const defect = queue.shift()
      const begin = performance.now()
      const outcome = await (defect === undefined ? sound(copy) : tried(copy, defect))
      const seconds = ((performance.now() - begin) / 1000).toFixed(1)
      const name = defect?.name ?? '(none)'
      results.push({ name, ...outcome })
      console.log(`${outcome.ok ? 'ok  ' : 'FAIL'} ${name.padEnd(26)} ${seconds.padStart(5)} s  ${outcome.said}`)
    }
  })
  await Promise.all(workers)
} finally {
  await rm(folder, { recursive: true, force: true })
}

console.log('\nEach defect, and what catches it:')
for (const { name, what, simulation, tests } of defects) {
  const by = simulation ? `the simulation, world ${simulation.world}` : tests.join(', ')
  console.log(`  ${name.padEnd(26)} ${what}\n${' '.repeat(29)}${by}`)
}
const failed = results.filter(({ ok }) => !ok).length
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function copySources(to) {
  const filter = (from) => !from.includes('node_modules')
  for (const name of COPIED) await cp(join(ROOT, name), join(to, name), { recursive: true, filter })
  await symlink(join(ROOT, 'node_modules'), join(to, 'node_modules'))
  await symlink(join(ROOT, 'dist'), join(to, 'dist'))
  return to
}

/** What catches defects passes without any. */
async function sound(copy) {
  const tests = [...new Set(defects.flatMap((defect) => defect.tests ?? []))]
  const { failures, broken } = tests.length > 0 ? await runTests(copy, tests) : { failures: 0, broken: 0 }
  const simulation = defects.some((defect) => defect.simulation)
  const seeds = simulation ? await runSimulation(copy, { seeds: SOUND_SEEDS }) : { failed: false, passed: true }
  const ok = failures === 0 && broken === 0 && seeds.passed
  return { ok, said: ok ? 'passes' : 'fails, so that nothing is shown' }
}

async function tried(copy, { file, from, to, simulation, tests }) {
  const path = join(copy, file)
  const text = await readFile(path, 'utf8')
  const pieces = text.split(from)
  if (pieces.length !== 2)
    return { ok: false, said: `does not apply: its text is in ${file} ${pieces.length - 1} times` }
  await writeFile(path, pieces.join(to))
  try {
    if (simulation) {
      const { failed, first, output } = await runSimulation(copy, simulation)
      if (failed) return { ok: true, said: `caught: ${first}` }
      return { ok: false, said: `survives ${simulation.seeds} seeds\n${output}` }
    }
    const { failures, first, output } = await runTests(copy, tests)
    if (failures > 0) return { ok: true, said: `caught: ${first}` }
    return { ok: false, said: `survives ${tests.join(', ')}\n${output}` }
  } finally {
    await writeFile(path, text)
  }
}

/** A seed that fails, not a program that does, is what counts. */
async function runSimulation(copy, { world, seeds }) {
  const args = [join(ROOT, 'test/simulation/run.mjs'), '--root', copy, '--seeds', String(seeds), '--failures', '1']
  const { code, output } = await run(copy, [...args, ...(world === undefined ? [] : ['--world', world])])
  const first = /^FAIL (.{0,120})/m.exec(output)?.[1]
  return { failed: first !== undefined, passed: code === 0, first, output: output.slice(-2_000) }
}

/** A test that fails, not a file that can not be loaded, is what counts. */
async function runTests(copy, tests) {
  const report = join(copy, 'report.json')
  await rm(report, { force: true })
  const args = [VITEST, 'run', '--root', copy, '--reporter=json', `--outputFile.json=${report}`, '--bail=1', ...tests]
  const { output } = await run(copy, args)
  const read = await readFile(report, 'utf8').then(JSON.parse, () => undefined)
  if (read === undefined) return { failures: 0, broken: 1, output: output.slice(-2_000) }
  const failing = read.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  )
  const broken = read.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length
  const first = failing[0]?.fullName.trim().slice(0, 120)
  return { failures: failing.length, broken, first, output: output.slice(-2_000) }
}

function run(cwd, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(limit)
      resolve({ code: code ?? 1, output })
    })
  })
}
