/**
 * A load balancer that knows nothing: every request goes to another server than the request before, and bytes are passed
 * on as they come.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, request } from 'node:http'

/**
 * @param {() => readonly (number | string)[]} ports on loopback, as they are when a request comes
 * @returns {Promise<{ url: string, close(): void }>} `url` is that of the MCP endpoint
 */
export async function roundRobin(ports) {
  let next = 0
  const proxy = createServer((incoming, response) => {
    const { method, url: path, headers } = incoming
    const all = ports()
    const outgoing = request({ host: '127.0.0.1', port: all[next++ % all.length], method, path, headers, agent: false })
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    close() {
      proxy.close()
      proxy.closeAllConnections()
    },
  }
}
