import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEverything } from '../everything/start.mjs'
import { install } from '../install.mjs'
import { type CutProxy, startCutProxy } from './cut-proxy.ts'
import { eventually, received, willing } from './support.ts'

await install(new URL('./', import.meta.url))
const { RELEASES } = await import('./releases.ts')

/** A client comes back after its own back-off or after the server's `retry`, which is a few seconds at most. */
const PATIENCE_MS = 20_000

const closing: (() => Promise<unknown>)[] = []
const servers = new Map<string, Awaited<ReturnType<typeof startEverything>>>()

beforeAll(async () => {
  for (const adapter of ['node', 'fetch'] as const) servers.set(adapter, await startEverything(adapter))
})

afterAll(async () => {
  for (const close of closing.reverse()) await close()
  for (const server of servers.values()) await server.close()
})

/** Each case has a proxy of its own, so all of them can wait for their clients at the same time. */
async function connect(adapter: string, release: (typeof RELEASES)[number]) {
  const proxy = await startCutProxy(servers.get(adapter)!.url)
  closing.push(() => proxy.close())
  const asked: string[] = []
  const sample = willing()['sampling/createMessage']
  const connection = await release.connect(proxy.url, {
    'sampling/createMessage': (params) => {
      asked.push(params.messages[0]!.content.text)
      return sample(params)
    },
  })
  closing.push(() => connection.client.close())
  return { proxy, connection, asked }
}

const resumes = ({ heads }: CutProxy) =>
  heads.filter((head) => head.startsWith('get ') && head.includes('last-event-id:'))

const cases = ['node', 'fetch'].flatMap((adapter) =>
  RELEASES.filter(({ transport }) => transport === 'streamable').map((release) => ({
    adapter,
    release,
    name: release.name,
  })),
)

describe.concurrent('a connection that breaks', { timeout: 60_000 }, () => {
  test.for(cases.filter(({ release }) => release.resumes === 'by itself'))(
    'in the middle of a call is resumed: client $name, $adapter adapter',
    async ({ adapter, release }) => {
      const { proxy, connection } = await connect(adapter, release)
      const steps: number[] = []
      const cut = proxy.cutAfter('"step 2"')
      const call = connection.text(
        'test_steps',
        { steps: 6, ms: 100 },
        { timeout: PATIENCE_MS, onprogress: ({ progress }) => steps.push(progress) },
      )
      await cut
      expect(await call).toBe('Took 6 steps.')
      // Nothing lost, nothing twice, in order.
      expect(steps).toEqual([1, 2, 3, 4, 5, 6])
      expect(resumes(proxy).length).toBeGreaterThan(0)
    },
  )

  test.for(cases.filter(({ release }) => release.resumes === 'by hand'))(
    'in the middle of a call is resumed by hand: client $name, $adapter adapter',
    async ({ adapter, release }) => {
      const { proxy, connection } = await connect(adapter, release)
      let resumptionToken = ''
      const onresumptiontoken = (token: string) => {
        resumptionToken = token
      }
      const first: number[] = []
      const cut = proxy.cutAfter('"step 2"')
      const args = { steps: 6, ms: 100 }
      const lost = connection.text('test_steps', args, {
        timeout: PATIENCE_MS,
        onresumptiontoken,
        onprogress: ({ progress }) => first.push(progress),
      })
      lost.catch(() => {})
      await cut
      await eventually('the second step', () => first.length === 2)
      expect(await connection.text('test_steps', args, { resumptionToken, onresumptiontoken })).toBe('Took 6 steps.')
      expect(resumes(proxy)).toHaveLength(1)
      expect(resumes(proxy)[0]).toContain(`last-event-id: ${resumptionToken.toLowerCase()}`.slice(0, 20))
    },
  )

  test.for(cases.filter(({ release }) => release.revision === '2025-11-25'))(
    'before the first message is resumed from the priming event: client $name, $adapter adapter',
    async ({ adapter, release }) => {
      const { proxy, connection } = await connect(adapter, release)
      await connection.text('test_simple_text')
      const key = randomUUID()
      const cut = proxy.cutAfter('retry:')
      const call = connection.text('test_wait', { key, ms: 500 }, { timeout: PATIENCE_MS })
      await cut
      expect(await call).toBe(`Waited for ${key}.`)
      // A broken connection is not a cancellation.
      expect(await connection.text('test_wait_outcome', { key })).toBe('completed')
    },
  )

  test.for(cases.filter(({ release }) => release.revision === '2025-11-25'))(
    'because the server closed it is resumed: client $name, $adapter adapter',
    async ({ adapter, release }) => {
      const { connection, proxy } = await connect(adapter, release)
      const text = await connection.text('test_reconnection', {}, { timeout: PATIENCE_MS })
      expect(text).toBe('Reconnection test completed successfully.')
      expect(resumes(proxy).length).toBeGreaterThan(0)
    },
  )

  test.for(cases)(
    'with a question on its way is resumed, and the question is asked once: client $name, $adapter adapter',
    async ({ adapter, release }) => {
      // Here the cut comes after the question: the answer still reaches the call, whose result is then resumed.
      const { proxy, connection, asked } = await connect(adapter, release)
      let resumptionToken = ''
      const options = {
        timeout: PATIENCE_MS,
        onresumptiontoken: (token: string) => {
          resumptionToken = token
        },
      }
      const cut = proxy.cutAfter('sampling/createMessage')
      const call = connection.text('test_sampling', { prompt: 'once' }, options)
      call.catch(() => {})
      await cut
      if (release.resumes === 'by itself') {
        expect(await call).toBe('LLM response: echo of once')
      } else {
        await eventually('an event id', () => resumptionToken !== '')
        const resumed = connection.text('test_sampling', { prompt: 'once' }, { ...options, resumptionToken })
        expect(await resumed).toBe('LLM response: echo of once')
      }
      expect(asked).toEqual(['once'])
    },
  )

  test.for(cases)(
    'while it listens is resumed, with what it missed: client $name, $adapter adapter',
    async ({ adapter, release }) => {
      const { proxy, connection } = await connect(adapter, release)
      const uris = () => received(connection, 'notifications/resources/updated').map(({ uri }) => uri)
      const subjects = ['one', 'two', 'three', 'four'].map((name) => `test://template/${name}-${randomUUID()}/data`)
      for (const uri of subjects) await connection.client.subscribeResource({ uri })
      const update = (uri: string) => connection.text('test_update_resource', { uri })

      const cut = proxy.cutAfter(`"uri":"${subjects[1]}"`)
      await update(subjects[0]!)
      await eventually('the first update', () => uris().length === 1)
      await update(subjects[1]!)
      await cut
      await update(subjects[2]!)
      await update(subjects[3]!)
      await eventually('the last update', () => uris().includes(subjects[3]), PATIENCE_MS)
      expect(uris()).toEqual(subjects)
      expect(resumes(proxy).length).toBeGreaterThan(0)
    },
  )
})

// Some releases try to resume a stream that ended with its answer; a 405 tells them that there is no more.
test('a stream that ended with its answer is not resumed for ever', { timeout: 60_000 }, async () => {
  const connected = await Promise.all(cases.map(({ adapter, release }) => connect(adapter, release)))
  for (const { connection } of connected) {
    await connection.text('test_steps', { steps: 2, ms: 1 }, { onprogress: () => {} })
  }
  await sleep(6_000)
  const early = connected.map(({ proxy }) => resumes(proxy).length)
  await sleep(6_000)
  const late = connected.map(({ proxy }) => resumes(proxy).length)
  expect(late).toEqual(early)
  expect(Math.max(...early)).toBeLessThanOrEqual(2)
})
