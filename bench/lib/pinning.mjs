/** The server gets one core and the load another, where the system has `taskset` and two cores. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const SERVER_CORE = '0'
const LOAD_CORE = '1'

const usable = availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0

/** Pins this process, which makes the load. @returns a sentence for the output */
export function pinLoad() {
  if (!usable) return 'not pinned: taskset or a second core is missing, so expect more noise'
  const pinned = spawnSync('taskset', ['-a', '-p', '-c', LOAD_CORE, String(process.pid)]).status === 0
  return pinned ? `servers on core ${SERVER_CORE}, load on core ${LOAD_CORE}` : 'the load could not be pinned'
}

/** The command line that runs a server on its core. */
export function pinnedCommand(command, args) {
  return usable ? ['taskset', ['-c', SERVER_CORE, command, ...args]] : [command, args]
}
