/**
 * The official conformance suite as a function: one run against one URL, its results by scenario.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { install } from '../install.mjs'

const FOLDER = new URL('./', import.meta.url)
const DIST = new URL('node_modules/@modelcontextprotocol/conformance/dist/', FOLDER)

/** A run ends by itself within seconds; this only keeps a hung one from holding CI. */
const RUN_LIMIT_MS = 240_000

/**
 * Installs the suite and returns the path of an entry that this Node can load.
 *
 * The published build imports `globSync` from `fs`, which Node 20 does not have; a static import of a missing name
 * fails the whole module although one unrelated subcommand uses it. The name is taken out of a copy that lies beside
 * the original, where its own imports resolve the same.
 */
export async function prepareSuite() {
  await install(FOLDER)
  const source = await readFile(new URL('index.js', DIST), 'utf8')
  const patched = source.replace(/\bglobSync as \w+,/, '')
  const entry = new URL('index.patched.js', DIST)
  await writeFile(entry, patched)
  return fileURLToPath(entry)
}

/**
 * Runs the suite's server part.
 *
 * A scenario passed when the suite's summary says so. Numbers of single checks mean nothing: a port where nobody
 * listens passes dozens of them.
 *
 * @param {string} entry the path from {@link prepareSuite}
 * @param {string} url the endpoint under test; the host must be a loopback name
 * @param {readonly string[]} args the selection, for example `['--requirements', '2025-11-25']`
 * @returns {Promise<{ scenarios: { name: string, passed: boolean, scored: boolean, failures: string[], warnings: string[] }[], exitCode: number, output: string, seconds: number }>}
 */
export async function runSuite(entry, url, args) {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-conformance-'))
  const start = performance.now()
  try {
    const { output, exitCode } = await spawnSuite([entry, 'server', '--url', url, ...args, '-o', directory])
    const scenarios = readSummary(output)
    for (const scenario of scenarios) Object.assign(scenario, await readChecks(directory, scenario.name))
    return { scenarios, exitCode, output, seconds: (performance.now() - start) / 1000 }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function spawnSuite(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_LIMIT_MS })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal) reject(new Error(`The suite did not end within ${RUN_LIMIT_MS / 1000} s.\n${output.slice(-2000)}`))
      else resolve({ output, exitCode: code })
    })
  })
}

/** The summary's lines: a tick or a cross before each scenario, and a second list of those that are not scored. */
function readSummary(output) {
  const summary = output.slice(output.indexOf('=== SUMMARY ==='))
  const notScored = new Set([...summary.matchAll(/^ {2}[✓✗] (\S+) \(/gm)].map((match) => match[1]))
  return [...summary.matchAll(/^([✓✗]) (\S+): \d+ passed, \d+ failed/gm)].map(([, mark, name]) => ({
    name,
    passed: mark === '✓',
    scored: !notScored.has(name),
    failures: [],
    warnings: [],
  }))
}

/** What the suite wrote down for one scenario: the sentences of its failures and of its warnings. */
async function readChecks(directory, scenario) {
  const folder = (await readdir(directory)).find((name) =>
    name.replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, '').endsWith(`server-${scenario}`),
  )
  if (folder === undefined) return {}
  const checks = JSON.parse(await readFile(join(directory, folder, 'checks.json'), 'utf8'))
  const sentences = (status) =>
    checks
      .filter((check) => check.status === status)
      .map((check) => `${check.name}: ${check.errorMessage ?? check.description}`)
  return { failures: sentences('FAILURE'), warnings: sentences('WARNING') }
}
