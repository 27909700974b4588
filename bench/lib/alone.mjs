/** One benchmark at a time per machine: two on the same cores would measure each other. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const LOCK = join(tmpdir(), 'fairlead-bench.lock')
const LOOK_AGAIN_MS = 500

/** The process that holds the lock, or undefined when nobody living does. */
function holder() {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'))
    process.kill(pid, 0)
    return pid
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return error.code === 'EPERM' ? 'another user' : undefined
  }
}

/** Waits until no other benchmark runs, and keeps others waiting until this process exits. */
export async function runAlone(progress) {
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') return
      const pid = holder()
      if (pid === undefined) {
        rmSync(LOCK, { force: true })
        continue
      }
      progress(`waiting for another benchmark to end (process ${pid})`)
      await sleep(LOOK_AGAIN_MS)
    }
  }
  process.on('exit', () => rmSync(LOCK, { force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))
}
