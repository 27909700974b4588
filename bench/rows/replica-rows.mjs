/** What it costs to share an engine (Redis, started here): per plain call, per idle session, per broadcast. */
import { atMost } from '../lib/bounds.mjs'
import { measureBroadcast } from '../lib/broadcast.mjs'
import { decimals, percent, times, whole } from '../lib/format.mjs'
import { measureIdleSessions } from '../lib/idle-sessions.mjs'
import { measureSharedCall } from '../lib/shared-call.mjs'
import { FAIRLEAD, targets } from '../targets/index.mjs'
import { callLane } from './call.mjs'
import { initializeLane } from './initialize.mjs'

const fairlead = targets.find(({ name }) => name === FAIRLEAD)

const sharedCall = {
  name: 'redis-call',
  title: 'tools/call, JSON answers: with Redis attached against the memory engine',
  columns: ['µs CPU/op', 'x memory engine', '±', 'commands per 1,000 calls', 'commands/s when idle'],
  lane: callLane,
  json: true,
  measure: (options, progress) => measureSharedCall(sharedCall, fairlead, options, progress),
  cells: ({ microseconds, ratio, ratioSpread, commands }) => [
    decimals(1)(microseconds),
    ratio === undefined ? '' : times(ratio),
    ratioSpread === undefined ? '' : percent(ratioSpread),
    commands === undefined ? '' : decimals(2)(commands.perThousand),
    commands === undefined ? '' : decimals(1)(commands.idlePerSecond),
  ],
  bounds: (entries) => {
    const { ratio, commands } = entries.at(-1)
    return [
      atMost('CPU per call, against the memory engine', ratio, 1.05, times),
      // What a replica does by itself varies by a command or two a second.
      atMost('commands per 1,000 calls', commands?.perThousand, 1, decimals(2)),
    ]
  },
}

const idleSessions = {
  name: 'idle-sessions',
  title: 'sessions opened and left idle, with Redis attached',
  columns: ['sessions', 'heap bytes per session', 'heap', 'resident', 'keys in Redis', 'bytes in Redis'],
  lane: initializeLane,
  laneOptions: { withCall: false },
  json: true,
  measure: (options, progress) => measureIdleSessions(idleSessions, fairlead, options, progress),
  cells: ({ sessions, bytes, before, after }) => [
    whole(sessions),
    decimals(2)(bytes),
    ...['heapUsed', 'rss', 'keys', 'redisBytes'].map((name) => `${whole(before[name])} -> ${whole(after[name])}`),
  ],
  bounds: ([{ bytes, before, after }]) => [
    atMost('heap bytes per session', bytes, 4, decimals(2)),
    // A replica's own upkeep leaves one or two more or less.
    atMost('keys in Redis that came with them', after && after.keys - before.keys, 10, whole),
  ],
}

const broadcast = {
  name: 'broadcast',
  title: 'one changed list, told to the session streams of three replicas on Redis',
  columns: ['streams', 'ms until the last has it', 'slowest round'],
  measure: (_options, progress) => measureBroadcast(broadcast, fairlead, progress),
  cells: ({ streams, milliseconds, slowest }) => [whole(streams), whole(milliseconds), whole(slowest)],
  bounds: ([{ milliseconds }]) => [atMost('milliseconds until the last has it', milliseconds, 1_000, whole)],
}

export const replicaRows = [sharedCall, broadcast, idleSessions]
