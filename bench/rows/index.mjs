/**
 * All rows, in the order in which they run. A row is { name, title, columns, measure(options, progress) -> entries,
 * cells(entry), bounds(entries, results so far) }.
 */
import { cpuRows } from './cpu-rows.mjs'
import { heapRows } from './heap-rows.mjs'
import { listenRow } from './listen.mjs'
import { neighbourRows } from './neighbour-rows.mjs'
import { replicaRows } from './replica-rows.mjs'
import { startUpRows } from './start-up-rows.mjs'

export const rows = [...cpuRows, listenRow, ...startUpRows, ...heapRows, ...replicaRows, ...neighbourRows]
