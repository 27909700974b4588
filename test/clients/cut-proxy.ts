/**
 * A TCP proxy that cuts the connection of a response where a test says so: after a text has passed to the client.
 * Everything else goes through byte by byte.
 */
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CutProxy {
  /** The endpoint behind the proxy, by the proxy's own port. */
  readonly url: string
  /** Heads of the HTTP requests that passed, in order: request line and headers in lower case. */
  readonly heads: string[]
  /**
   * Cuts the next connection on which `text` passes to the client, at the end of the event that contains it. Resolves
   * when it is cut.
   */
  cutAfter(text: string): Promise<void>
  close(): Promise<void>
}

export async function startCutProxy(target: string): Promise<CutProxy> {
  const { port, pathname } = new URL(target)
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const cuts: { text: Buffer; done: () => void }[] = []

  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('close', () => sockets.delete(socket))
      // Resets are what this proxy is about.
      socket.on('error', () => {})
    }
    client.on('data', (chunk: Buffer) => {
      heads.push(...headsIn(chunk))
      upstream.write(chunk)
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    // What passed on this connection since its latest complete event, so that a text may be split over chunks.
    let tail: Buffer = Buffer.alloc(0)
    upstream.on('data', (chunk: Buffer) => {
      const before = tail.length
      const seen = Buffer.concat([tail, chunk])
      const found = cuts.findIndex(({ text }) => endOfEvent(seen, text) !== undefined)
      if (found < 0) {
        client.write(chunk)
        const lastEvent = seen.lastIndexOf('\n\n')
        tail = lastEvent < 0 ? seen : seen.subarray(lastEvent)
        return
      }
      const [cut] = cuts.splice(found, 1)
      const end = endOfEvent(seen, cut!.text)!
      upstream.removeAllListeners('data')
      // The client gets all of the event; then the connection ends in the middle of the response.
      client.end(seen.subarray(before, end), () => {
        client.destroy()
        upstream.destroy()
        cut!.done()
      })
    })
  })

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    heads,
    cutAfter: (text) => new Promise((done) => cuts.push({ text: Buffer.from(text), done })),
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** Where the event that contains `text` ends, if all of it is there. */
function endOfEvent(seen: Buffer, text: Buffer): number | undefined {
  const at = seen.indexOf(text)
  if (at < 0) return undefined
  const end = seen.indexOf('\n\n', at)
  return end < 0 ? undefined : end + 2
}

/** Clients write a request's head in one piece; that is enough here, where it is only looked at. */
function headsIn(chunk: Buffer): string[] {
  const text = chunk.toString('latin1')
  return [...text.matchAll(/(?:^|\r\n)((?:GET|POST|DELETE) \S+ HTTP\/1\.1\r\n[\s\S]*?)\r\n\r\n/g)].map((match) =>
    match[1]!.toLowerCase(),
  )
}
