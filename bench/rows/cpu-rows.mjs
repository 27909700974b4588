/**
 * The rows that are measured as CPU per operation, with the least share of the limit that Fairlead must reach, and each with
 * the demand that it is ahead of every peer.
 */
import { atLeast, atMost, entryOf } from '../lib/bounds.mjs'
import { measureCpuRow } from '../lib/cpu-row.mjs'
import { decimals, percent, times, whole } from '../lib/format.mjs'
import { FAIRLEAD, LIMIT, targets } from '../targets/index.mjs'
import { callLane } from './call.mjs'
import { elicitationLane } from './elicitation.mjs'
import { initializeLane } from './initialize.mjs'
import { modernCallLane } from './modern-call.mjs'
import { modernElicitationLane } from './modern-elicitation.mjs'
import { progressLane } from './progress.mjs'

/** How much dearer an operation may look with 50 tools: what remains of the noise when rows run minutes apart. */
const SAME = 1.1

/**
 * `json`: the server is asked to answer plain JSON where it can; `jsonOnly`: servers that can't are left out.
 * `modern`: of revision 2026-07-28; servers that do not speak it are left out. `share`: the bound. `sameAs`: the row whose cost this one must not exceed, measured without peers unless they are asked for.
 */
const definitions = [
  {
    name: 'call-json',
    title: 'tools/call in a session, JSON answers',
    lane: callLane,
    json: true,
    jsonOnly: true,
    share: 0.9,
  },
  { name: 'call-sse', title: 'tools/call in a session, SSE answers', lane: callLane, json: false, share: 0.85 },
  { name: 'init', title: 'initialize + initialized + tools/call', lane: initializeLane, json: true, share: 0.75 },
  { name: 'elicit', title: 'one elicitation inside a tools/call', lane: elicitationLane, json: false, share: 0.7 },
  {
    name: 'progress',
    title: '20 progress notifications, then the result',
    lane: progressLane,
    json: false,
    share: 0.6,
  },
  {
    name: 'modern-call',
    title: 'tools/call of 2026-07-28, JSON answers',
    lane: modernCallLane,
    json: true,
    modern: true,
    share: 0.85,
  },
  {
    name: 'modern-elicit',
    title: 'one elicitation inside a tools/call of 2026-07-28, in two rounds',
    lane: modernElicitationLane,
    json: true,
    modern: true,
    share: 0.6,
  },
]

const withManyTools = ['call-json', 'call-sse', 'init'].map((name) => {
  const row = definitions.find((each) => each.name === name)
  return { ...row, name: `${name}-50`, title: `${row.title}, 50 tools`, tools: 50, sameAs: name }
})

function targetsOf(row, asked) {
  return targets.filter(({ name, json, modern }) => {
    if (row.modern && modern === undefined) return false
    if (row.jsonOnly && json === false) return false
    if (asked !== undefined) return asked.includes(name)
    return row.sameAs === undefined || name === LIMIT || name === FAIRLEAD
  })
}

function boundsOf(row, entries, results) {
  const fairlead = entryOf(entries, FAIRLEAD)
  const bounds = [atLeast('share of the limit', fairlead?.share, row.share, decimals(2))]
  if (row.sameAs !== undefined) {
    const fewer = entryOf(results.get(row.sameAs) ?? [], FAIRLEAD)?.share
    if (fewer !== undefined) {
      const ratio = fairlead && fewer / fairlead.share
      bounds.push(atMost(`cost with 50 tools against ${row.sameAs}, both in limits`, ratio, SAME, decimals(2)))
    }
  }
  for (const { target, share, error } of entries) {
    if (target === LIMIT || target === FAIRLEAD || error !== undefined) continue
    bounds.push(atLeast(`ahead of ${target}`, fairlead && fairlead.share / share, 1, times))
  }
  return bounds
}

export const cpuRows = [...definitions, ...withManyTools].map((row) => ({
  name: row.name,
  title: row.title,
  definition: row,
  columns: ['µs CPU/op', 'share of limit', '±', 'op/s', 'rounds'],
  measure: ({ targets: asked, ...options }, progress) => measureCpuRow(row, targetsOf(row, asked), options, progress),
  cells: ({ microseconds, share, shareSpread, throughput, rounds }) => [
    decimals(1)(microseconds),
    decimals(2)(share),
    percent(shareSpread),
    whole(throughput),
    String(rounds.length),
  ],
  bounds: (entries, results) => boundsOf(row, entries, results),
}))
