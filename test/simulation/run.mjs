/**
 * The deterministic simulation: several replicas in one process on a clock of their own, and thousands of seeds, each a
 * different mixture of roaming clients, broken connections, killed and cut-off replicas, and an engine that goes away.
 *
 *     node test/simulation/run.mjs [--seeds 20000] [--first 1] [--world name,name]
 *     node test/simulation/run.mjs --world kills --seed 4711
 *
 * The seeds are spread over the worlds of `worlds.ts`. A seed fails when something of what `oracle.ts` says does not hold; it
 * fails again in the same way whenever it is played, and with `--seed` it says what happened. The last line is
 * `N passed, N failed`, counting seeds.
 *
 * @module
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from '../bundle.mjs'

/** How many seeds a process gets at a time. */
const PIECE = 20

const PROGRESS_MS = 5_000

/** In looks: how long a seed may take. Each takes milliseconds. */
const SILENT_LOOKS = 6

/** Failures after which a run ends: they are rarely different. */
const ENOUGH_FAILURES = 20

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    world: { type: 'string' },
    /** Where the repository is: `npm run sabotage` plays copies of it. */
    root: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
    /** How many failures are enough. */
    failures: { type: 'string', default: String(ENOUGH_FAILURES) },
  },
})
const enough = Number(values.failures)

const folder = await mkdtemp(join(tmpdir(), 'fairlead-simulation-'))
try {
  const parts = ['player', 'world', 'worlds'].map((name) => [name, `test/simulation/${name}.ts`])
  await bundle(values.root, Object.fromEntries(parts), folder)
  const { WORLDS } = await import(pathToFileURL(join(folder, 'worlds.js')).href)
  const worlds = values.world?.split(',') ?? Object.keys(WORLDS)
  const unknown = worlds.filter((name) => !Object.hasOwn(WORLDS, name))
  if (unknown.length > 0) {
    console.error(`Unknown world: ${unknown.join(', ')}. There are ${Object.keys(WORLDS).join(', ')}.`)
    process.exitCode = 2
  } else {
    process.exitCode = values.seed === undefined ? await play(worlds) : await replay(WORLDS, worlds)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** One seed, with what happened in it. */
async function replay(WORLDS, worlds) {
  const { simulate } = await import(pathToFileURL(join(folder, 'world.js')).href)
  let failed = 0
  for (const world of worlds) {
    const { violations, history } = await simulate(Number(values.seed), WORLDS[world])
    console.log(`${world}, seed ${values.seed}\n${history.join('\n')}`)
    if (violations.length > 0) failed++
  }
  console.log(`${worlds.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

async function play(worlds) {
  const total = Number(values.seeds)
  const first = Number(values.first)
  const processes = Math.min(availableParallelism(), Math.ceil(total / PIECE))
  console.log(`${total} seeds from ${first} on, in ${worlds.length} worlds, by ${processes} processes`)
  const started = performance.now()
  const sums = { seeds: 0, calls: 0, resumed: 0, lost: 0 }
  const failures = []
  let next = 0
  const piece = () => {
    const tasks = []
    // Every world has the seeds from `first` on.
    for (; next < total && tasks.length < PIECE; next++) {
      tasks.push({ world: worlds[next % worlds.length], seed: first + Math.floor(next / worlds.length) })
    }
    return tasks
  }
  const fail = (failure) => {
    failures.push(failure)
    const { world, seed, violations, history } = failure
    console.log(`FAIL ${world}, seed ${seed}: ${violations.join('; ')}`)
    if (failures.length === 1) console.log(history.join('\n'))
    console.log(`  replay: node test/simulation/run.mjs --world ${world} --seed ${seed}`)
  }
  const players = Array.from({ length: processes }, () => player(piece, take, () => failures.length >= enough))
  function take(result) {
    sums.seeds++
    for (const name of ['calls', 'resumed', 'lost']) sums[name] += result[name] ?? 0
    if (result.violations.length > 0) fail(result)
  }
  const said = () =>
    `${((performance.now() - started) / 1000).toFixed(0)} s: ${sums.seeds} seeds, ${sums.calls} calls, ${sums.resumed} ` +
    `resumed, ${sums.lost} lost with their replica, ${failures.length} seeds failed`
  const watch = setInterval(() => {
    console.log(said())
    for (const { look } of players) look()
  }, PROGRESS_MS)
  await Promise.all(players.map(({ over }) => over))
  clearInterval(watch)
  console.log(said())
  console.log(`${sums.seeds - failures.length} passed, ${failures.length} failed`)
  return failures.length === 0 && sums.seeds === total ? 0 : 1
}

/** A process that plays pieces until there are none. */
function player(piece, take, enoughSeen) {
  // Thousands of errors are made on purpose, whose stacks nobody reads.
  const execArgv = ['--stack-trace-limit=0', '--max-semi-space-size=32']
  const child = fork(join(folder, 'player.js'), { execArgv })
  let tasks = []
  let silent = 0
  const broken = (why) => {
    const [task] = tasks
    if (task !== undefined) take({ ...task, violations: [why], history: [] })
    tasks = []
  }
  child.on('message', (message) => {
    silent = 0
    if (message !== 'next') {
      tasks.shift()
      take(message)
      return
    }
    tasks = enoughSeen() ? [] : piece()
    if (tasks.length > 0) child.send(tasks)
    else child.disconnect()
  })
  return {
    /** Ends a seed that hangs. */
    look: () => {
      if (++silent < SILENT_LOOKS) return
      broken('hangs')
      child.kill('SIGKILL')
    },
    over: new Promise((resolve) => {
      child.once('exit', (code) => {
        broken(`its process ended with ${code}`)
        resolve()
      })
    }),
  }
}
