/**
 * What stays on the heap: per call, per idle session, per open session stream. Fresh processes with `--expose-gc`; the heap is
 * read after collections that free nothing more, before and after a known number of operations.
 */
import { atMost, entryOf } from '../lib/bounds.mjs'
import { decimals, times, whole } from '../lib/format.mjs'
import { measureHeapGrowth } from '../lib/heap-growth.mjs'
import { measureStreamHeap } from '../lib/stream-heap.mjs'
import { FAIRLEAD, LIMIT, targets } from '../targets/index.mjs'
import { callLane } from './call.mjs'
import { initializeLane } from './initialize.mjs'

/** More sessions than Fairlead remembers (10,000): from then on its cache of opened ids stays as large as it is. */
const SESSION_WARM_UP = 15_000
const CALL_WARM_UP = 20_000

const growthDefinitions = [
  { name: 'heap-call-json', title: 'heap growth per tools/call, JSON answers', of: 'call', json: true },
  { name: 'heap-call-sse', title: 'heap growth per tools/call, SSE answers', of: 'call', json: false },
  { name: 'heap-session', title: 'heap growth per idle session', of: 'session', json: true },
  {
    name: 'heap-call-json-50',
    title: 'heap growth per tools/call, JSON answers, 50 tools',
    of: 'call',
    json: true,
    tools: 50,
  },
  { name: 'heap-session-50', title: 'heap growth per idle session, 50 tools', of: 'session', json: true, tools: 50 },
]

const kinds = {
  call: { lane: callLane, count: 200_000, warmUp: CALL_WARM_UP, bytes: 8 },
  session: {
    lane: initializeLane,
    laneOptions: { withCall: false },
    count: 100_000,
    warmUp: SESSION_WARM_UP,
    bytes: 16,
  },
}

/**
 * Peers take part only when they are asked for: their sessions and leaks would take minutes and gigabytes. The limit shows
 * that the method counts right; once is enough for that.
 */
function targetsOf(row, asked = row.tools === undefined ? [LIMIT, FAIRLEAD] : [FAIRLEAD]) {
  return targets.filter(({ name, json }) => asked.includes(name) && !(row.json && row.of === 'call' && json === false))
}

const growthRows = growthDefinitions.map((definition) => {
  const row = { ...kinds[definition.of], ...definition }
  return {
    name: row.name,
    title: row.title,
    columns: [
      `bytes per ${row.of}`,
      `${row.of}s`,
      'heap before -> after',
      'buffers before -> after',
      'bounded caches before -> after',
    ],
    measure: ({ targets: asked }, progress) => measureHeapGrowth(row, targetsOf(row, asked), progress),
    cells: ({ bytes, operations, before, after, caches }) => [
      decimals(2)(bytes),
      whole(operations),
      `${whole(before.heapUsed)} -> ${whole(after.heapUsed)}`,
      `${whole(before.external)} -> ${whole(after.external)}`,
      caches,
    ],
    bounds: (entries) => [atMost(`bytes per ${row.of}`, entryOf(entries, FAIRLEAD)?.bytes, row.bytes, decimals(2))],
  }
})

const streamRow = {
  name: 'heap-stream',
  title: 'heap per session with an open GET stream, against a bare SSE socket',
  columns: ['bytes per stream', 'x limit', 'streams'],
  measure: ({ targets: asked }, progress) => measureStreamHeap(targetsOf({}, asked), progress),
  cells: ({ bytes, ratio, streams }) => [whole(bytes), times(ratio), whole(streams)],
  bounds: (entries) => [atMost('heap per open stream', entryOf(entries, FAIRLEAD)?.ratio, 1.5, times)],
}

export const heapRows = [...growthRows, streamRow]
