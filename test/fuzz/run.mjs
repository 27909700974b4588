/**
 * Fuzzing of the whole HTTP surface: a server in a process of its own, raw sockets, cases grown from a grammar and then
 * broken in their bytes.
 *
 *     node test/fuzz/run.mjs [--requests 200000] [--seed N] [--only kind,kind]
 *     node test/fuzz/run.mjs --replay fuzz-failure-1.json
 *
 * What must hold: the process lives and reports no error that was not foreseen; no 5xx but a 503 that says when to come
 * back; every complete request is answered, in JSON or SSE that is well-formed, with its own id; nothing holds up the
 * event loop for 200 ms, again and again; and afterwards no call, stream or question is open and memory is where it was.
 *
 * The last line is `N passed, N failed`, counting requests.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { makeCase } from './lib/cases.mjs'
import { ServerProcess } from './lib/child.mjs'
import { makeEnvironment, refreshEvents } from './lib/environment.mjs'
import { Player } from './lib/play.mjs'
import { Stalls } from './lib/stalls.mjs'

/** Cases under way at a time. */
const WORKERS = 32

/** What may be on the heap at the end beyond what was there early on and what changed sessions leave. */
const HEAP_SLACK_BYTES = 6e6

/** What a changed or deleted session leaves: its entry while it would have lived, and for minutes records of it in logs. */
const CHANGED_SESSION_BYTES = 1_000

/** What buffers may hold at the end besides finished streams. */
const BUFFER_SLACK_BYTES = 16e6

/** The part of a run after which caches are full and code is compiled. */
const WARM_PART = 0.25

/** Failures after which a run ends: they are rarely different. */
const ENOUGH_FAILURES = 20

/** Less than what the small caches of the server hold. */
const REFRESH_MS = 2_000

const PROGRESS_MS = 5_000

/** How long nothing at all may happen. Longer than any case takes. */
const SILENCE_MS = 30_000

/** How long a run may take: far slower than any machine is. */
const limitMs = (requests) => 120_000 + requests * 5

/** Counters of what is under way. */
const OPEN = ['openCalls', 'openStreams', 'openSessionStreams', 'openAsks', 'openListens', 'parkedCalls']

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '200000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    replay: { type: 'string' },
  },
})
const replay = values.replay === undefined ? undefined : JSON.parse(readFileSync(values.replay, 'utf8'))
const seed = replay?.seed ?? Number(values.seed ?? Date.now() % 1e9)
const wanted = Number(values.requests)
const only = values.only?.split(',')

const server = await ServerProcess.start()
const failures = []
/** What the run is doing, for whoever watches. */
const doing = { what: 'the environment', active: new Map(), players: [] }
const watching = watch()
try {
  const targets = await makeEnvironment(server.ports)
  const count = replay === undefined ? await run(targets) : await replayCases(targets, replay.indexes)
  await server.close()
  for (const fault of server.faults) addFault(fault)
  console.log(`${count - failures.length} passed, ${failures.length} failed`)
  process.exitCode = failures.length > 0 ? 1 : 0
} finally {
  clearInterval(watching)
  server.kill()
}

async function run(targets) {
  console.log(`seed ${seed}, ${wanted} requests, ${WORKERS} at a time`)
  const started = performance.now()
  const stalls = new Stalls(server)
  const players = Array.from({ length: WORKERS }, () => new Player(seed, targets))
  doing.players = players
  let next = 0
  const work = async (player, until) => {
    while (requests() < until && failures.length < ENOUGH_FAILURES && !server.exited) {
      const one = makeCase(seed, next++, targets)
      if (only !== undefined && !only.includes(one.kind)) continue
      doing.active.set(one.index, one)
      stalls.begin(one.index)
      await player.play(one).catch((thrown) => fail(one, thrown))
      stalls.end(one.index)
      doing.active.delete(one.index)
    }
  }
  const phase = async (until) => {
    doing.what = 'playing'
    const over = new AbortController()
    const refreshing = refresh(targets, over.signal)
    await Promise.all(players.map((player) => work(player, until)))
    over.abort()
    await refreshing
  }
  server.send('announce')
  await phase(wanted * WARM_PART)
  const before = await settled()
  await phase(wanted)
  for (const player of players) player.close()
  server.send('quiet')
  const seconds = (performance.now() - started) / 1000

  const again = async (indexes) => {
    doing.what = `playing ${indexes.join()} again`
    await Promise.all(indexes.map((index) => playAlone(makeCase(seed, index, targets), targets).catch(() => {})))
  }
  for await (const index of stalls.guilty(server, again))
    fail(makeCase(seed, index, targets), new Error('holds up the event loop for more than 200 ms, again and again'))
  const after = await settled()

  console.log(
    `${next} cases, ${requests()} requests in ${seconds.toFixed(1)} s (${Math.round(requests() / seconds)} a second)`,
  )
  console.log(`by status: ${list(sumOf(players.map(({ statuses }) => statuses)))}`)
  console.log(
    `stalls: ${stalls.noted} noted, ${stalls.suspects.size} cases played again, the longest ${Math.round(after?.longestMs)} ms`,
  )
  if (before !== undefined && after !== undefined) compare(before, after)
  return requests()
}

/** What cases know about the server would be out of date soon. */
async function refresh(targets, signal) {
  while (!signal.aborted && !server.exited) {
    await refreshEvents(targets).catch((thrown) => addFault(`a good request among the others: ${thrown.message}`))
    await sleep(REFRESH_MS, undefined, { signal }).catch(() => {})
  }
}

/** Plays cases alone, three times each, in their order. */
async function replayCases(targets, indexes) {
  for (const index of indexes) {
    const one = makeCase(seed, index, targets)
    console.log(`case ${index}: ${one.kind} on ${one.target}`)
    for (const bytes of one.writes) console.log(JSON.stringify(bytes.slice(0, 4_000)))
    for (let round = 1; round <= 3; round++) {
      doing.what = `playing ${index}, round ${round}`
      await playAlone(one, targets).catch((thrown) => fail(one, thrown))
    }
  }
  return indexes.length * 3
}

async function playAlone(one, targets) {
  const player = new Player(seed, targets)
  try {
    await player.play(one)
  } finally {
    player.close()
  }
}

function requests() {
  return doing.players.reduce((sum, player) => sum + player.requests, 0)
}

/** Says how far a run is, and ends one that hangs. */
function watch() {
  // Counted in looks, not by a clock: a process that was stopped in between has not hung.
  let now = 0
  let last = { count: 0, what: '', at: 0 }
  return setInterval(() => {
    now += PROGRESS_MS
    const count = requests()
    if (count !== last.count || doing.what !== last.what) last = { count, what: doing.what, at: now }
    if (replay === undefined) console.log(`${now / 1000} s: ${count} requests, ${failures.length} failed`)
    const silent = now - last.at > SILENCE_MS
    if (!silent && now < limitMs(wanted)) return
    console.log(
      silent
        ? `fault: nothing has happened for ${SILENCE_MS / 1000} s while ${doing.what}`
        : `fault: the run takes longer than ${limitMs(wanted) / 1000} s`,
    )
    for (const { index, kind, dialogue, target } of doing.active.values())
      console.log(`under way: case ${index} (${kind}${dialogue === undefined ? '' : ` ${dialogue}`}, ${target})`)
    console.log(`${count} passed, ${failures.length + 1} failed`)
    server.kill()
    process.exit(1)
  }, PROGRESS_MS)
}

function fail(one, thrown) {
  const { index } = one
  const number = failures.push({ index })
  const kind = one.dialogue === undefined ? one.kind : `${one.kind} ${one.dialogue}`
  console.log(`\nfailure ${number}: case ${index} (${kind}, ${one.target}): ${thrown.message}`)
  if (number > 3) return
  if (!/^[a-z]/.test(thrown.message)) console.log(thrown.stack)
  if (replay !== undefined) return
  const file = `fuzz-failure-${number}.json`
  writeFileSync(file, JSON.stringify({ seed, indexes: [index], sent: one.writes }, undefined, 2))
  console.log(`replay: node test/fuzz/run.mjs --replay ${file}`)
}

function addFault(fault) {
  console.log(`fault: ${fault}`)
  failures.push({ fault })
}

/** A snapshot when nothing is open any more, or after a while with what still is. `undefined` of a dead process. */
async function settled() {
  doing.what = 'waiting for what is open to end'
  const limit = Date.now() + 8_000
  while (!server.exited) {
    const snapshot = await server.snapshot()
    if (OPEN.every((name) => snapshot.counters[name] === 0) || Date.now() > limit) return snapshot
    await sleep(100)
  }
  return undefined
}

function compare(before, after) {
  const open = OPEN.filter((name) => after.counters[name] !== 0)
  if (open.length > 0) addFault(`still open: ${open.map((name) => `${name} ${after.counters[name]}`).join(', ')}`)
  const { cachedSessions, changedSessions, cachedPrincipals, finishedStreams, finishedBytes } = after.counters
  console.log(
    `caches: ${cachedSessions} sessions, ${changedSessions} changed, ${cachedPrincipals} principals, ` +
      `${finishedStreams} finished streams in ${mega(finishedBytes)}`,
  )
  const grown = after.memory.heapUsed - before.memory.heapUsed
  console.log(
    `memory: heap ${mega(before.memory.heapUsed)} then ${mega(after.memory.heapUsed)} (${mega(grown)} more), ` +
      `buffers ${mega(after.memory.arrayBuffers)}, resident ${mega(after.memory.rss)}`,
  )
  console.log(`counters: ${list(Object.fromEntries(Object.entries(after.counters).filter(([, count]) => count > 0)))}`)
  const left = (changedSessions - before.counters.changedSessions) * CHANGED_SESSION_BYTES
  if (grown - left > HEAP_SLACK_BYTES) addFault(`the heap grew by ${mega(grown)}`)
  const buffers = after.memory.arrayBuffers - finishedBytes
  if (buffers > BUFFER_SLACK_BYTES) addFault(`${mega(buffers)} of buffers beyond the finished streams`)
}

function mega(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function sumOf(counts) {
  const sum = {}
  for (const one of counts) for (const key in one) sum[key] = (sum[key] ?? 0) + one[key]
  return sum
}

function list(counts) {
  return Object.entries(counts)
    .map(([key, count]) => `${key}: ${count}`)
    .join(', ')
}
