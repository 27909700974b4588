/** Replicas in this process on one memory engine, each behind a TCP proxy, so that its connections can break at once. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { type ServerHandle, serve } from 'fairlead/node'
import { replicaServer } from './definition.ts'
import type { Fleet, StartReplicas } from './fleet.ts'
import { SharedData, SwitchedEngine } from './switched-engine.ts'

export const SECRET = 'the secret of the replicas in tests'

interface Member {
  readonly handle: ServerHandle
  readonly engine: SwitchedEngine
  readonly url: string
  sever(): void
}

export const startMemoryFleet: StartReplicas = async (count, options = {}) => {
  const data = new SharedData()
  const { jsonResponse = false, lease = 2_000, onEngineOutage = 'serve' } = options
  const members: Member[] = []
  for (let at = 0; at < count; at++) {
    const engine = new SwitchedEngine(data)
    const handle = await serve(replicaServer(`r${at}`), {
      port: 0,
      signals: false,
      engine,
      secrets: [SECRET],
      jsonResponse,
      legacySse: true,
      session: { lease, onEngineOutage },
      logger: () => {},
      onError: (error, { where }) => {
        if (process.env['REPLICA_ERRORS']) console.error(`r${at}`, where, error)
      },
    })
    members.push({ handle, engine, ...(await proxy(handle.port)) })
  }
  const chosen = (at: number | undefined): Member[] => (at === undefined ? members : [members[at]!])
  const fleet: Fleet = {
    urls: members.map(({ url }) => url),
    async kill(at) {
      members[at]!.engine.cut()
      members[at]!.sever()
    },
    drain: (at, deadline) => members[at]!.handle.close({ deadline }),
    async ready(at) {
      const { origin } = new URL(members[at]!.url)
      return (await fetch(`${origin}/readyz`)).ok
    },
    cutEngine(at) {
      for (const { engine } of chosen(at)) engine.cut()
    },
    healEngine(at) {
      for (const { engine } of chosen(at)) engine.heal()
    },
    emptyEngine: () => data.empty(),
    counters: async (at) => members[at]!.handle.counters() as unknown as Record<string, number>,
    async close() {
      for (const { sever } of members) sever()
      await Promise.all(members.map(({ handle }) => handle.close({ deadline: 0 })))
    },
  }
  return fleet
}

/** A way to one replica that can be severed, after which nobody gets through. */
async function proxy(port: number): Promise<{ url: string; sever(): void }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    client.pipe(upstream)
    upstream.pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    sever() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
