/**
 * How the tests of a run meet their servers: as one process, or as three replicas on one engine behind a balancer that
 * knows nothing, where every connection goes to another replica than the one before. vitest.config.ts says which.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import type { Engine, Store } from 'fairlead/engine'
import type { ServeOptions, ServerHandle } from 'fairlead/node'
import { inject } from 'vitest'
import { SharedData, SwitchedEngine } from './replicas/switched-engine.ts'

declare module 'vitest' {
  interface ProvidedContext {
    deployment: 'one process' | 'three replicas'
  }
}

export const REPLICAS = inject('deployment') === 'three replicas' ? 3 : 1

/** Of the tests' own, where a test gives none: replicas have to share one. */
const SECRET = 'the secret that the replicas of these tests share'

/**
 * Tests of what only holds of one process, or needs to know which process is met.
 *
 * @param _why what is different on replicas, and where that is said or shown
 */
export function onOneProcess(_why: string, define: () => void): void {
  if (REPLICAS === 1) define()
}

/** `serve` as the tests import it: from the sources, or from the package. */
type Serve<Server, Options, Handle> = (server: Server, options: Options) => Promise<Handle>

/** Serves in the way of this run. The handle speaks for all replicas: its counters are their sums. */
export async function deploy<
  Server,
  Options extends Pick<ServeOptions, 'engine' | 'secrets'>,
  Handle extends ServerHandle,
>(serve: Serve<Server, Options, Handle>, server: Server, options: Options): Promise<ServerHandle> {
  if (REPLICAS === 1 || options.engine !== undefined) return serve(server, options)
  const data = new SharedData()
  const handles: Handle[] = []
  for (let at = 0; at < REPLICAS; at++) {
    handles.push(
      await serve(server, { secrets: [SECRET], ...options, engine: announcingOnce(new SwitchedEngine(data)) }),
    )
  }
  const balancer = await balance(handles.map(({ port }) => port))
  return {
    url: handles[0]!.url.replace(/:\d+/, `:${balancer.port}`),
    port: balancer.port,
    counters: () => sums(handles.map((handle) => handle.counters())),
    async close(closing) {
      await Promise.all(handles.map((handle) => handle.close(closing)))
      balancer.close()
    },
  }
}

/**
 * The replicas of a test serve one definition, so each of them announces what happens to it, while of real replicas one
 * does. The same announcement of all of them has the same id here, and is in the log once.
 */
function announcingOnce(engine: Engine): Engine {
  let announcements = 0
  return {
    close: () => engine.close(),
    async open(onLost) {
      const store = await engine.open(onLost)
      const append: Store['append'] = (log, record, options) => {
        const announces = log === 'cluster' && ['list', 'updated'].includes(JSON.parse(record).t)
        const id = announces ? `announcement ${++announcements}` : options.id
        return store.append(log, record, { ...options, id })
      }
      return new Proxy(store, {
        get(target, name) {
          if (name === 'append') return append
          const member: unknown = Reflect.get(target, name)
          return typeof member === 'function' ? member.bind(target) : member
        },
      })
    },
  }
}

function sums(all: readonly ReturnType<ServerHandle['counters']>[]): ReturnType<ServerHandle['counters']> {
  const names = Object.keys(all[0]!) as (keyof (typeof all)[number])[]
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0)]),
  ) as unknown as ReturnType<ServerHandle['counters']>
}

/** Passes bytes on as they come, and the end of either side with them. */
async function balance(ports: readonly number[]): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>()
  let next = 0
  const server = createTcpServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: ports[next++ % ports.length]!, host: '127.0.0.1', allowHalfOpen: true })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.setNoDelay(true)
      sockets.add(one)
      one.on('error', () => other.resetAndDestroy())
      one.on('close', () => {
        sockets.delete(one)
        if (!other.writableEnded) other.destroy()
      })
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
