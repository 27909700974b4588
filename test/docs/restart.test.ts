import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { serve } from '../../src/adapters/node.ts'
import { createServer, type Server } from '../../src/index.ts'
import { type Answer, type Message, open, Peer } from '../flags/peer.ts'

const NOTE = 'note://one'

function createRestartServer(): Server {
  const server = createServer({ name: 'restart', version: '1.0.0' })
  server.tool('keep', {}, (_, ctx) => ctx.session.set('key', 1))
  server.tool('kept', {}, async (_, ctx) => String(await ctx.session.get('key')))
  server.tool('talk', {}, (_, ctx) => ctx.log.warning('careful'))
  server.tool('wait', {}, async (_, ctx) => {
    ctx.progress(1)
    await sleep(2_000, undefined, { signal: ctx.signal })
  })
  server.resource('note', NOTE, {}, () => 'note')
  return server
}

interface Life {
  readonly server: Server
  readonly peer: Peer
}

/** What a row claims: `before` happens in the first process, `after` in the one that takes its place. */
interface Row {
  before(life: Life): Promise<string | undefined>
  /** Whether what was there before is still there. */
  after(life: Life, noted: string | undefined): Promise<boolean>
}

const nothing = async (): Promise<undefined> => undefined
const methods = (answer: Answer): (string | undefined)[] => answer.messages.map(({ method }) => method)
const reason = ({ error }: Message): unknown => (error as { data?: { reason?: string } } | undefined)?.data?.reason

/** Resumes, and is sure that what is lost is said to be. */
async function resumes(peer: Peer, id: string | undefined): Promise<boolean> {
  const { stream } = await peer.get(id)
  const final = await stream!.final()
  if (final.error === undefined) return true
  expect(reason(final)).toBe('replica_lost')
  return false
}

const ROWS: Readonly<Record<string, Row>> = {
  'The session itself: revision, capabilities, identity': {
    before: nothing,
    after: async ({ peer }) => (await peer.post({ id: 2, method: 'ping' })).status === 200,
  },
  'Log level': {
    before: async ({ peer }) => void (await (await peer.request('logging/setLevel', { level: 'error' })).final()),
    after: async ({ peer }) => {
      const answer = await peer.call('talk')
      await answer.final()
      return !methods(answer).includes('notifications/message')
    },
  },
  Subscriptions: {
    before: async ({ peer }) => void (await (await peer.request('resources/subscribe', { uri: NOTE })).final()),
    after: async ({ peer, server }) => {
      const { stream } = await peer.get()
      server.resourceUpdated(NOTE)
      server.tool('later', {}, () => 'later')
      await stream!.method('notifications/tools/list_changed')
      stream!.cut()
      return methods(stream!).includes('notifications/resources/updated')
    },
  },
  'Values of `ctx.session.set`': {
    before: async ({ peer }) => void (await (await peer.call('keep')).final()),
    after: async ({ peer }) => JSON.stringify((await (await peer.call('kept')).final()).result).includes('"1"'),
  },
  'That a session was deleted': {
    before: async ({ peer }) => void (await peer.delete()),
    after: async ({ peer }) => (await peer.post({ id: 2, method: 'ping' })).status === 404,
  },
  'Calls in flight': {
    before: async ({ peer }) => {
      const call = await peer.call('wait', { progressToken: 'p' })
      await call.method('notifications/progress')
      call.cut()
      return call.ids.at(-1)
    },
    after: ({ peer }, id) => resumes(peer, id),
  },
  'Finished streams': {
    before: async ({ peer }) => {
      const call = await peer.call('kept')
      await call.end()
      return call.ids[0]
    },
    after: ({ peer }, id) => resumes(peer, id),
  },
  'The place in the session stream': {
    before: async ({ peer }) => {
      const { stream } = await peer.get()
      await expect.poll(() => stream!.ids.length).toBe(1)
      stream!.cut()
      return stream!.ids[0]
    },
    after: async ({ peer }, id) => {
      const { stream } = await peer.get(id)
      await Promise.race([stream!.method('notifications/resources/list_changed'), sleep(500)])
      stream!.cut()
      return !methods(stream!).includes('notifications/tools/list_changed')
    },
  },
}

/** Whether a row is still true after a restart. A session that is gone has kept nothing. */
async function survives({ before, after }: Row, secrets: string[] | undefined): Promise<boolean> {
  const options = { port: 0, signals: false, logger: () => {}, ...(secrets && { secrets }) }
  const first = createRestartServer()
  const handle = await serve(first, options)
  const peer = await open(handle.url)
  const noted = await before({ server: first, peer })
  await handle.close({ deadline: 0 })
  const second = createRestartServer()
  const restarted = await serve(second, options)
  try {
    const returning = new Peer(restarted.url, peer.session, peer.capabilities)
    const { status } = await returning.post({ id: 3, method: 'ping' })
    if (status === 404 && after !== ROWS['That a session was deleted']!.after) return false
    return await after({ server: second, peer: returning }, noted)
  } finally {
    await restarted.close({ deadline: 0 })
  }
}

const rows = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .slice(1)

test('docs/limits.md has a row for everything that is tried here, and no other', () => {
  expect(rows.map(([what]) => what)).toEqual(Object.keys(ROWS))
})

describe('docs/limits.md says what a restart of the memory engine leaves', () => {
  test.each(Object.entries(ROWS))('%s', async (name, row) => {
    const [, , withSecrets, without] = rows.find(([what]) => what === name)!
    const word = (survived: boolean): string => (survived ? 'kept' : 'lost')
    expect(withSecrets).toMatch(new RegExp(`^${word(await survives(row, ['a secret of at least 32 bytes, kept']))}\\b`))
    expect(without).toMatch(new RegExp(`^${word(await survives(row, undefined))}\\b`))
  })
})
