/** Serves a server in this process, by each adapter, and stops it when the test file is done. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Server } from 'fairlead'
import { fetchHandler } from 'fairlead/fetch'
import { type ServeOptions, serve } from 'fairlead/node'
import { afterAll } from 'vitest'
import { deploy, REPLICAS } from '../deployment.ts'
import { bridge } from '../everything/fetch-bridge.mjs'

export type Adapter = 'node' | 'fetch'

/** What the other adapter does differently is no matter of replicas. */
export const ADAPTERS: readonly Adapter[] = REPLICAS === 1 ? ['node', 'fetch'] : ['node']

const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.splice(0)) await close()
})

/** The errors that the server reported to `onError` are not for the terminal of a test run. */
const QUIET = { port: 0, signals: false, onError: () => {} } satisfies ServeOptions

/** The URL of the endpoint. */
export async function start(server: Server, options: ServeOptions = {}, adapter: Adapter = 'node'): Promise<string> {
  if (adapter === 'fetch') return await startFetch(server, { ...QUIET, ...options })
  const { url, close } = await deploy(serve, server, { ...QUIET, ...options })
  closing.push(() => close({ deadline: 0 }))
  return url
}

async function startFetch(server: Server, { port: _, signals: __, ...options }: ServeOptions): Promise<string> {
  const handler = fetchHandler(server, options)
  const http = createHttpServer(bridge(handler))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  closing.push(async () => {
    await handler.close({ deadline: 0 })
    http.closeAllConnections()
    http.close()
  })
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`
}
