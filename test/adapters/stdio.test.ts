import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { serveStdio } from '../../src/adapters/stdio.ts'
import { createServer } from '../../src/index.ts'

interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: { readonly [name: string]: unknown }
  readonly result?: { readonly [name: string]: unknown }
  readonly error?: { readonly code: number; readonly message: string }
}

/** A client at the other end of the lines: what it sends is written, what comes is parsed. */
class Peer {
  readonly #write: (line: string) => void
  readonly #waiting: ((message: Message | Message[]) => void)[] = []
  readonly #arrived: (Message | Message[])[] = []

  constructor(input: NodeJS.ReadableStream, write: (line: string) => void) {
    this.#write = write
    createInterface({ input }).on('line', (line) => {
      const message = JSON.parse(line) as Message
      const waiting = this.#waiting.shift()
      if (waiting) waiting(message)
      else this.#arrived.push(message)
    })
  }

  send(message: object | string): void {
    this.#write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`)
  }

  next(): Promise<Message> {
    const arrived = this.#arrived.shift()
    if (arrived) return Promise.resolve(arrived as Message)
    return new Promise((resolve) => this.#waiting.push(resolve as (message: Message | Message[]) => void))
  }

  async ask(id: number, method: string, params: object = {}): Promise<Message> {
    this.send({ jsonrpc: '2.0', id, method, params })
    return this.next()
  }

  initialize(capabilities: object = {}, protocolVersion = '2025-11-25'): Promise<Message> {
    const clientInfo = { name: 'stdio', version: '1.0.0' }
    return this.ask(1, 'initialize', { protocolVersion, capabilities, clientInfo })
  }
}

let child: ChildProcessWithoutNullStreams | undefined
afterEach(() => void child?.kill('SIGKILL'))

/** The fixture in a process of its own, as a desktop client starts it. */
function startProcess(): { peer: Peer; stderr: () => string; exit: Promise<number> } {
  const file = fileURLToPath(new URL('fixtures/stdio-server.mjs', import.meta.url))
  const started = spawn(process.execPath, [file])
  child = started
  let stderr = ''
  started.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return {
    peer: new Peer(started.stdout, (line) => void started.stdin.write(line)),
    stderr: () => stderr,
    exit: once(started, 'exit').then(([code]) => code as number),
  }
}

test('a session lives in a process: handshake, call with progress, elicitation, subscription, end of input', async () => {
  const { peer, stderr, exit } = startProcess()
  const initialized = await peer.initialize({ elicitation: {} })
  expect(initialized.result).toMatchObject({ protocolVersion: '2025-11-25', serverInfo: { name: 'stdio-fixture' } })
  peer.send({ jsonrpc: '2.0', method: 'notifications/initialized' })

  peer.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'count', _meta: { progressToken: 'p' } } })
  expect((await peer.next()).params).toMatchObject({ progressToken: 'p', progress: 1 })
  expect((await peer.next()).params).toMatchObject({ progressToken: 'p', progress: 2 })
  expect(await peer.next()).toMatchObject({ id: 2, result: { content: [{ type: 'text', text: 'counted' }] } })

  const question = await peer.ask(3, 'tools/call', { name: 'book' })
  expect(question).toMatchObject({ method: 'elicitation/create', params: { message: 'For how long?' } })
  peer.send({ jsonrpc: '2.0', id: question.id, result: { action: 'accept', content: { nights: 2 } } })
  expect(await peer.next()).toMatchObject({ id: 3, result: { content: [{ text: 'Booked for 2 nights.' }] } })

  expect(await peer.ask(4, 'resources/subscribe', { uri: 'note://one' })).toMatchObject({ id: 4, result: {} })
  const told = [await peer.ask(5, 'tools/call', { name: 'touch' }), await peer.next()]
  expect(told).toContainEqual(expect.objectContaining({ method: 'notifications/resources/updated' }))

  // What a tool throws is logged, beside the protocol.
  expect(await peer.ask(6, 'tools/call', { name: 'broken' })).toMatchObject({ result: { isError: true } })
  await expect.poll(stderr).toContain('the inside of it')

  child!.stdin.end()
  expect(await exit).toBe(0)
  await expect.poll(stderr).toContain('closed')
})

test('lines that are no messages get an answer, and the session goes on', async () => {
  const { peer } = startProcess()
  peer.send('{"jsonrpc":')
  expect(await peer.next()).toMatchObject({ error: { code: -32700 } })
  peer.send('[]')
  expect(await peer.next()).toMatchObject({ error: { code: -32600 } })
  peer.send('')
  expect(await peer.ask(1, 'tools/list')).toMatchObject({
    id: 1,
    error: { code: -32600, message: 'Send initialize first.' },
  })
  expect(await peer.ask(2, 'ping')).toMatchObject({ id: 2, result: {} })
  expect((await peer.initialize()).result).toBeDefined()
  expect(await peer.initialize()).toMatchObject({ error: { message: 'The session is open already.' } })
  expect(await peer.ask(3, 'tools/list')).toMatchObject({ id: 3, result: { tools: expect.any(Array) } })
})

test.each(['2024-11-05', '2025-03-26'])('a batch of %s is answered together', async (revision) => {
  const { peer } = startProcess()
  expect((await peer.initialize({}, revision)).result!['protocolVersion']).toBe(revision)
  peer.send([
    { jsonrpc: '2.0', id: 2, method: 'ping' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'count' } },
  ])
  const answers = (await peer.next()) as unknown as Message[]
  expect(answers.map(({ id }) => id).sort()).toEqual([2, 3])
})

test('a pair of streams serves as well as those of the process, and cancels', async () => {
  const server = createServer<{ tide: string }>({ name: 'pair', version: '1.0.0' })
  let reason: unknown
  server.tool('tide', {}, (_, ctx) => ctx.state.tide)
  server.tool('wait', {}, async (_, ctx) => {
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    reason = ctx.signal.reason
    return 'late'
  })
  const input = new PassThrough()
  const output = new PassThrough()
  const handle = await serveStdio(server, { input, output, state: { tide: 'high' }, logger: () => {} })
  const peer = new Peer(output, (line) => void input.write(line))
  await peer.initialize()
  expect(await peer.ask(2, 'tools/call', { name: 'tide' })).toMatchObject({ result: { content: [{ text: 'high' }] } })
  peer.send({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'wait' } })
  peer.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 3 } })
  // The cancelled request gets no answer: what comes next is the answer to the ping.
  expect(await peer.ask(4, 'ping')).toMatchObject({ id: 4, result: {} })
  expect(reason).toMatchObject({ code: 'cancelled' })
  input.end()
  await handle.closed
})
