/**
 * One handler in both eras: it asks twice in sequence, then two things at once, reports progress and logs. The official
 * clients drive it over HTTP and stdio, and see the same.
 */
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEverything } from '../everything/start.mjs'
import { install } from '../install.mjs'

await install(new URL('./', import.meta.url))
const [v1, v1http, v1stdio, v1types, v2, v2stdio] = await Promise.all([
  import('sdk-1.32/client/index.js'),
  import('sdk-1.32/client/streamableHttp.js'),
  import('sdk-1.32/client/stdio.js'),
  import('sdk-1.32/types.js'),
  import('client-v2'),
  import('client-v2/stdio'),
])

/** What the official clients have in common, as far as it is used here. */
interface Client {
  connect(transport: unknown): Promise<void>
  close(): Promise<void>
  setRequestHandler(
    what: unknown,
    handler: (request: { params: { message: string } }) => object | Promise<object>,
  ): void
  setNotificationHandler(what: unknown, handler: (notification: { params?: { data?: unknown } }) => void): void
}

interface Report {
  readonly progress: number
  readonly total?: number
}

interface Driver {
  readonly name: string
  readonly era: 'legacy' | 'modern'
  make(logs: unknown[], onForm: (message: string) => object | Promise<object>): Client
  overHttp(url: string): unknown
  overStdio(): unknown
  call(client: Client, name: string, onprogress: (report: Report) => void): Promise<{ content: unknown }>
}

const INFO = { name: 'eras', version: '1.0.0' }
const CAPABILITIES = { elicitation: {}, roots: {} }
const ROOTS = { roots: [{ uri: 'file:///home/ada' }] }
const STDIO = { command: process.execPath, args: [fileURLToPath(new URL('../everything/stdio.mjs', import.meta.url))] }

const clientV1: Driver = {
  name: '1.32.2',
  era: 'legacy',
  make(logs, onForm) {
    const client = new v1.Client(INFO, { capabilities: CAPABILITIES }) as unknown as Client
    client.setRequestHandler(v1types.ElicitRequestSchema, ({ params }) => onForm(params.message))
    client.setRequestHandler(v1types.ListRootsRequestSchema, () => ROOTS)
    client.setNotificationHandler(v1types.LoggingMessageNotificationSchema, ({ params }) => logs.push(params?.data))
    return client
  },
  overHttp: (url) => new v1http.StreamableHTTPClientTransport(new URL(url)),
  overStdio: () => new v1stdio.StdioClientTransport({ ...STDIO, stderr: 'ignore' }),
  call: (client, name, onprogress) => (client as unknown as V1).callTool({ name }, undefined, { onprogress }),
}

interface V1 {
  callTool(params: object, schema: undefined, options: object): Promise<{ content: unknown }>
}

interface V2 {
  callTool(params: object, options: object): Promise<{ content: unknown }>
}

function clientV2(name: string, era: Driver['era'], mode: 'legacy' | 'auto' | { pin: string }): Driver {
  return {
    name,
    era,
    make(logs, onForm) {
      const options = { capabilities: CAPABILITIES, versionNegotiation: { mode } }
      const client = new v2.Client(INFO, options as never) as unknown as Client
      client.setRequestHandler('elicitation/create', ({ params }) => onForm(params.message))
      client.setRequestHandler('roots/list', () => ROOTS)
      client.setNotificationHandler('notifications/message', ({ params }) => logs.push(params?.data))
      return client
    },
    overHttp: (url) => new v2.StreamableHTTPClientTransport(new URL(url)),
    overStdio: () => new v2stdio.StdioClientTransport({ ...STDIO, stderr: 'ignore' }),
    call: (client, tool, onprogress) => {
      // A request that wants log messages says so, in this era.
      const _meta = era === 'modern' ? { 'io.modelcontextprotocol/logLevel': 'info' } : undefined
      return (client as unknown as V2).callTool({ name: tool, _meta }, { onprogress })
    },
  }
}

const DRIVERS: readonly Driver[] = [
  clientV1,
  clientV2('2.4.0 legacy', 'legacy', 'legacy'),
  clientV2('2.4.0 auto', 'modern', 'auto'),
  clientV2('2.4.0 pinned', 'modern', { pin: '2026-07-28' }),
]

const answer = (message: string): object => {
  if (message === 'What is your name?') return { action: 'accept', content: { name: 'Ada' } }
  if (message === 'Where do you live?') return { action: 'accept', content: { city: 'Paris' } }
  return { action: 'accept', content: { ok: true } }
}

/**
 * Hears of progress where it comes out of the transport. The official clients hand a report on a moment later, and have
 * forgotten by then whose it is if the answer came with the same bytes of the pipe.
 */
function listenTo(transport: object, report: (said: Report) => void): void {
  const channel = transport as { onmessage: (message: { method?: string; params?: Report }, extra?: unknown) => void }
  const { onmessage } = channel
  channel.onmessage = (message, extra) => {
    if (message.method === 'notifications/progress') report(message.params!)
    onmessage(message, extra)
  }
}

/** Runs the interview, and tells what the client got to know. */
async function interview(driver: Driver, transport: unknown, tool: string, onForm = answer) {
  const logs: unknown[] = []
  const asked: string[] = []
  const client = driver.make(logs, (message) => {
    asked.push(message)
    return onForm(message)
  })
  await client.connect(transport)
  try {
    const progress: number[] = []
    const report = (said: Report): void => {
      // Clients of the modern era report rounds by themselves; those have no total.
      if (said.total !== undefined) progress.push(said.progress)
    }
    const lines = transport instanceof v1stdio.StdioClientTransport || transport instanceof v2stdio.StdioClientTransport
    if (lines) listenTo(transport, report)
    const { content } = await driver.call(client, tool, lines ? () => {} : report)
    const [{ text }] = content as [{ text: string }]
    return { outcome: JSON.parse(text), asked, progress, logs }
  } finally {
    await client.close()
  }
}

const OUTCOME = { name: 'Ada', city: 'Paris', sure: true, roots: 1, same: true }
const ASKED = ['What is your name?', 'Where do you live?', 'Please confirm']
/** What every client sees of a handler that waits, over whichever transport and in whichever era. */
const WAITED = { outcome: OUTCOME, asked: ASKED, progress: [1, 2, 3, 4], logs: ['started'] }

/** A handler that is run again reports from its beginning each time; all else is the same. */
function expectReplayed({ progress, logs, ...seen }: Awaited<ReturnType<typeof interview>>): void {
  expect(seen).toEqual({ outcome: OUTCOME, asked: ASKED })
  expect(new Set(progress)).toEqual(new Set([1, 2, 3, 4]))
  expect(new Set(logs)).toEqual(new Set(['started']))
}

describe.each(['node', 'fetch'] as const)('over HTTP, the %s adapter', (adapter) => {
  let server: Awaited<ReturnType<typeof startEverything>>
  beforeAll(async () => {
    server = await startEverything(adapter)
  })
  afterAll(() => server.close())

  describe.each(DRIVERS)('client $name', (driver) => {
    test('a handler that waits', async () => {
      expect(await interview(driver, driver.overHttp(server.url), 'test_interview')).toEqual(WAITED)
    })

    test('a handler that is run again', async () => {
      expectReplayed(await interview(driver, driver.overHttp(server.url), 'test_interview_durable'))
    })

    test('a user who declines reads the same', async () => {
      const seen = await interview(driver, driver.overHttp(server.url), 'test_interview', () => ({ action: 'decline' }))
      expect(seen.outcome).toEqual({ name: 'decline', city: 'decline', sure: 'decline', roots: 1, same: true })
    })
  })
})

describe.each(DRIVERS)('over stdio, client $name', (driver) => {
  test('a handler that waits', async () => {
    expect(await interview(driver, driver.overStdio(), 'test_interview')).toEqual(WAITED)
  })

  test('a handler that is run again', async () => {
    expectReplayed(await interview(driver, driver.overStdio(), 'test_interview_durable'))
  })

  test('a user who declines reads the same', async () => {
    const seen = await interview(driver, driver.overStdio(), 'test_interview', () => ({ action: 'decline' }))
    expect(seen.outcome).toEqual({ name: 'decline', city: 'decline', sure: 'decline', roots: 1, same: true })
  })
})

test.each(DRIVERS.filter(({ era }) => era === 'modern'))(
  'client $name: a durable call outlives the process that began it',
  async (driver) => {
    const env = { PORT: String(await freePort()), FAIRLEAD_SECRET: 'a secret of at least 32 bytes for this test' }
    let server = await startEverything('node', env)
    const pids = [server.pid]
    try {
      const replace = async (message: string): Promise<object> => {
        await server.kill('SIGKILL')
        server = await startEverything('node', env)
        pids.push(server.pid)
        return answer(message)
      }
      const seen = await interview(driver, driver.overHttp(server.url), 'test_interview_durable', replace as never)
      expectReplayed(seen)
      // One began the call, and another one took up each of its three retries.
      expect(new Set(pids).size).toBe(4)
    } finally {
      await server.close()
    }
  },
)

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
