/** 1,000 clients listen for one resource (`subscriptions/listen` of 2026-07-28), and it changes. */
import { measureFanOut } from '../lib/fan-out.mjs'
import { decimals, percent, whole } from '../lib/format.mjs'
import { targets } from '../targets/index.mjs'
import { LISTENED_URI } from '../targets/target-options.mjs'

const STREAMS = 1_000

export const listenRow = {
  name: 'listen',
  title: `one updated resource, ${STREAMS} open subscriptions/listen streams`,
  columns: ['ms to the last', '±', 'µs CPU/event', 'share of limit', 'streams'],
  measure: ({ targets: asked }, progress) => {
    const able = targets.filter(({ name, modern }) => modern !== undefined && (asked?.includes(name) ?? true))
    return measureFanOut({ streams: STREAMS, uri: LISTENED_URI }, able, progress)
  },
  cells: ({ milliseconds, millisecondsSpread, microseconds, share, streams }) => [
    decimals(1)(milliseconds),
    percent(millisecondsSpread),
    decimals(1)(microseconds),
    decimals(2)(share),
    whole(streams),
  ],
  bounds: () => [],
}
