/**
 * Faults: three replica processes, a real Redis, a balancer without affinity, clients at work, and everything that can
 * break, broken. See `docs/faults.md`, which a full run writes.
 *
 *     node test/faults/run.mjs [--only kill,pause] [--share 0.1] [--lease 5000] [--seed N] [--page docs/faults.md]
 *
 * The last line is `N passed, N failed`, counting kinds of faults.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundle } from '../bundle.mjs'
import { requirePrograms } from '../programs.mjs'

await requirePrograms(['redis-server', 'redis-cli'])
const folder = await mkdtemp(join(tmpdir(), 'fairlead-faults-program-'))
try {
  await bundle(fileURLToPath(new URL('../..', import.meta.url)), { main: 'test/faults/main.ts' }, folder)
  const { main } = await import(pathToFileURL(join(folder, 'main.js')).href)
  process.exitCode = await main(fileURLToPath(new URL('server.mjs', import.meta.url)))
} finally {
  await rm(folder, { recursive: true, force: true })
}
