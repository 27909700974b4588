/** Serves a server over a real socket in this process, or as three replicas, and stops it when the test file is done. */
import { afterAll } from 'vitest'
import { type ServeOptions, type ServerHandle, serve } from '../../../src/adapters/node.ts'
import type { LogEntry } from '../../../src/http/logger.ts'
import { createServer, type Server } from '../../../src/index.ts'
import { deploy } from '../../deployment.ts'

const running: ServerHandle[] = []
afterAll(async () => {
  await Promise.all(running.splice(0).map((handle) => handle.close({ deadline: 0 })))
})

export interface Served extends ServerHandle {
  /** What the server wrote to its log. */
  readonly log: LogEntry[]
}

/** On any free port; signals are the test runner's. Everything else has its default. */
export async function served(server: Server, options: ServeOptions = {}): Promise<Served> {
  const log: LogEntry[] = []
  const handle = await deploy(serve, server, {
    port: 0,
    signals: false,
    logger: (entry: LogEntry) => log.push(entry),
    ...options,
  })
  running.push(handle)
  return { ...handle, log }
}

export { createServer }
