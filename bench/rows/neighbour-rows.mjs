/** What clients that hardly read and hardly send cost the others. */
import { atMost } from '../lib/bounds.mjs'
import { decimals, times, whole } from '../lib/format.mjs'
import { measureSlowNeighbours } from '../lib/slow-neighbours.mjs'
import { FAIRLEAD, targets } from '../targets/index.mjs'

const fairlead = targets.find(({ name }) => name === FAIRLEAD)

const megabytes = (bytes) => `${whole(bytes / 1_000_000)} MB`

const slowNeighbours = {
  name: 'slow-neighbours',
  title: 'ordinary calls beside 200 readers and 200 senders of 1 byte a second, against prompt ones',
  columns: ['p50 ms', 'p99 ms', 'calls', 'resident at most', 'heap kept'],
  measure: (_options, progress) => measureSlowNeighbours(slowNeighbours, fairlead, progress),
  cells: ({ p50, p99, calls, peakRss, kept }) => [
    decimals(2)(p50),
    decimals(2)(p99),
    whole(calls),
    `+${megabytes(peakRss)}`,
    megabytes(kept),
  ],
  bounds: ([prompt, slow]) => [
    atMost('p99 of the calls, against prompt neighbours', slow.p99 / prompt.p99, 1.5, times),
    // A stream holds at most a megabyte (limits.windowBytes) beside what the kernel holds.
    atMost('more memory than before, in bytes', slow.peakRss, 250_000_000, megabytes),
  ],
}

export const neighbourRows = [slowNeighbours]
