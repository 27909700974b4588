/** Process start to the first initialize: against bare `node:http`, and against bare `node:http` that imports zod as well. */
import { atMost, entryOf } from '../lib/bounds.mjs'
import { percent, times, whole } from '../lib/format.mjs'
import { measureStartUp } from '../lib/start-up.mjs'
import { targets } from '../targets/index.mjs'

const peers = targets.filter(({ peer }) => peer).map(({ name, file }) => ({ name, file, near: false }))

function startUpRow({ name, title, bare, ours, tools, most, withPeers = false }) {
  const starts = (asked) => [
    { name: 'limit', file: bare, args: [String(tools)], near: true },
    { name: 'fairlead', file: ours, args: [String(tools)], near: true },
    ...(withPeers ? peers.filter((peer) => asked === undefined || asked.includes(peer.name)) : []),
  ]
  return {
    name,
    title,
    columns: ['ms', 'x bare', '±', 'rounds'],
    measure: ({ targets: asked }, progress) => measureStartUp(name, starts(asked), progress),
    cells: ({ milliseconds, ratio, ratioSpread, rounds }) => [
      whole(milliseconds),
      times(ratio),
      percent(ratioSpread),
      String(rounds),
    ],
    bounds: (entries) => [atMost('start against bare', entryOf(entries, 'fairlead')?.ratio, most, times)],
  }
}

const plain = { bare: 'start-bare.mjs', ours: 'start-fairlead.mjs', most: 1.6 }
const zod = { bare: 'start-bare-zod.mjs', ours: 'start-fairlead-zod.mjs', most: 1.3 }
const title = 'process start to the first initialize'

export const startUpRows = [
  startUpRow({ ...plain, name: 'start', title: `${title}, a plain JSON Schema tool`, tools: 1 }),
  startUpRow({ ...zod, name: 'start-zod', title: `${title}, a zod tool`, tools: 1, withPeers: true }),
  startUpRow({ ...plain, name: 'start-50', title: `${title}, 50 plain JSON Schema tools`, tools: 50 }),
  startUpRow({ ...zod, name: 'start-zod-50', title: `${title}, 50 zod tools`, tools: 50 }),
]
