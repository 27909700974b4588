/**
 * One handler in both eras: it asks twice in sequence, two things at once, reports progress and logs. The official
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
  return { action: 'accept', content: { ok: true } }
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
    const { content } = await driver.call(client, tool, (report) => {
      // Clients of the modern era report rounds by themselves; those have no total.
      if (report.total !== undefined) progress.push(report.progress)
    })
    const [{ text }] = content as [{ text: string }]
    return { outcome: JSON.parse(text), asked, progress, logs }
  } finally {
    await client.close()
  }
}

const OUTCOME = { name: 'Ada', sure: true, roots: 1, same: true }
const ASKED = ['What is your name?', 'Please confirm']

describe.each(['node', 'fetch'] as const)('over HTTP, the %s adapter', (adapter) => {
  let server: Awaited<ReturnType<typeof startEverything>>
  beforeAll(async () => {
    server = await startEverything(adapter)
  })
  afterAll(() => server.close())

  describe.each(DRIVERS)('client $name', (driver) => {
    test('a handler that waits', async () => {
      const seen = await interview(driver, driver.overHttp(server.url), 'test_interview')
      expect(seen).toEqual({ outcome: OUTCOME, asked: ASKED, progress: [1, 2, 3], logs: ['started'] })
    })

    test('a handler that is run again', async () => {
      const seen = await interview(driver, driver.overHttp(server.url), 'test_interview_durable')
      expect(seen).toMatchObject({ outcome: OUTCOME, asked: ASKED })
      // Every run reports from its beginning.
      expect(new Set(seen.progress)).toEqual(new Set([1, 2, 3]))
    })

    test('a user who declines reads the same', async () => {
      const seen = await interview(driver, driver.overHttp(server.url), 'test_interview', () => ({ action: 'decline' }))
      expect(seen.outcome).toEqual({ name: 'decline', sure: 'decline', roots: 1, same: true })
    })
  })
})

describe.each(DRIVERS)('over stdio, client $name', (driver) => {
  test.each(['test_interview', 'test_interview_durable'])('%s', async (tool) => {
    expect(await interview(driver, driver.overStdio(), tool)).toMatchObject({ outcome: OUTCOME, asked: ASKED })
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
      expect(seen).toMatchObject({ outcome: OUTCOME, asked: ASKED })
      expect(new Set(pids).size).toBe(3)
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
