/**
 * What each row of the table in docs/flags.md claims, found out over real HTTP: a probe uses one server in one mode and
 * returns, in the words of the table, what it saw.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ServerHandle, serve } from '../../src/adapters/node.ts'
import { createServer, McpError, type Server } from '../../src/index.ts'
import { type Message, open, type Peer } from './peer.ts'

export interface Mode {
  readonly stateless?: boolean
  readonly jsonResponse?: boolean | 'auto'
}

/** The columns of the table, in its order. */
export const MODES: readonly Mode[] = [
  {},
  { jsonResponse: true },
  { jsonResponse: 'auto' },
  { stateless: true },
  { stateless: true, jsonResponse: true },
]

export interface Probe {
  readonly mode: Mode
  readonly server: Server
  readonly handle: ServerHandle
  readonly peer: Peer
}

/** Runs one probe against a fresh server. */
export async function probe(mode: Mode, find: (probe: Probe) => Promise<string>): Promise<string> {
  const server = createProbeServer()
  const handle = await serve(server, { port: 0, signals: false, logger: () => {}, ...mode })
  try {
    return await find({ mode, server, handle, peer: await open(handle.url) })
  } finally {
    await handle.close({ deadline: 0 })
  }
}

const NOTE = 'note://one'

function createProbeServer(): Server {
  const server = createServer({ name: 'flags', version: '1.0.0' })
  const outcome = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'done',
      (error) => (error instanceof McpError ? error.code : String(error)),
    )
  server.tool('quick', {}, () => 'quick')
  server.tool('silent', {}, async () => {
    await sleep(1_600)
    return 'silent'
  })
  server.tool('talk', {}, async (_, ctx) => {
    ctx.progress(1)
    ctx.log.warning('careful')
    await sleep(150)
    return 'talked'
  })
  server.tool('ask', {}, (_, ctx) => outcome(ctx.listRoots({ timeout: 20_000 })))
  server.tool('close', {}, async (_, ctx) => {
    ctx.closeStream()
    await sleep(150)
    return 'closed'
  })
  server.tool('keep', {}, (_, ctx) => outcome(ctx.session.set('key', 1)))
  server.tool('kept', {}, async (_, ctx) => String(await ctx.session.get('key')))
  server.tool('wait', {}, async (_, ctx) => {
    await new Promise((resolve) => {
      ctx.signal.addEventListener('abort', resolve)
      setTimeout(resolve, 500)
    })
    return ctx.signal.aborted ? 'stopped' : 'ran on'
  })
  server.tool('client', {}, (_, { session }) => {
    return JSON.stringify([session.client.name, session.revision, session.capabilities])
  })
  server.resource('note', NOTE, {}, () => 'note')
  return server
}

/** The result of a tool as its one text, or how it was refused. */
const textOf = ({ result, error }: Message): string => {
  if (error !== undefined) return `refused: ${error.message}`
  return (result?.['content'] as { text: string }[] | undefined)?.[0]?.text ?? ''
}

/** By the first cell of their row. */
export const PROBES: Readonly<Record<string, (probe: Probe) => Promise<string>>> = {
  '`initialize` gives a session id': async ({ peer }) => (peer.session === undefined ? 'no' : 'yes'),

  'A request without a handshake': async ({ peer }) => {
    const response = await peer.post({ id: 2, method: 'tools/list' }, { 'mcp-session-id': undefined })
    return response.status === 200 ? 'answered' : `${response.status}`
  },

  '`GET`': async ({ peer }) => {
    const { status, stream } = await peer.get()
    stream?.cut()
    return status === 200 ? 'the session stream' : `${status}`
  },

  '`DELETE`': async ({ peer }) => {
    const { status } = await peer.delete()
    if (status !== 204) return `${status}`
    return (await peer.post({ id: 2, method: 'ping' })).status === 404 ? 'ends the session' : 'does nothing'
  },

  'What `Accept` has to list': async ({ peer }) => {
    const json = await peer.post({ id: 2, method: 'ping' }, { accept: 'application/json' })
    return json.status === 200 ? 'JSON' : 'JSON and SSE'
  },

  'The answer to a quick call': async ({ peer }) => (await peer.call('quick')).kind,

  'The answer to a call that is silent for longer than 1 s': async ({ peer }) => {
    const begin = performance.now()
    const answer = await peer.call('silent')
    const head = performance.now() - begin
    if (textOf(await answer.final()) !== 'silent') return 'lost'
    if (answer.kind === 'JSON') return head > 1_500 ? 'JSON at its end' : 'JSON'
    return head < 500 ? 'SSE at once' : head < 1_500 ? 'SSE after 1 s' : 'SSE at its end'
  },

  'Progress and log messages of a call': async ({ peer, handle }) => {
    const answer = await peer.call('talk', { progressToken: 'p' })
    await answer.final()
    const methods = answer.messages.map(({ method }) => method).filter((method) => method !== undefined)
    if (methods.join() === 'notifications/progress,notifications/message') return 'on its stream'
    return methods.length === 0 && handle.counters().notificationsDropped === 2 ? 'dropped and counted' : 'lost'
  },

  'Sampling, elicitation and roots': async ({ peer }) => {
    const listening = (await peer.get()).stream
    const call = peer.call('ask')
    const question = await Promise.race(
      [
        listening?.method('roots/list').then((message) => ({ message, where: 'on the session stream' })),
        call
          .then((answer) => answer.method('roots/list'))
          .then((message) => ({ message, where: 'on the stream of the call' })),
      ].filter((source) => source !== undefined),
    )
    if (question.message === undefined) {
      return textOf(await (await call).final()) === 'stateless' ? 'refused' : 'lost'
    }
    await peer.post({ id: question.message.id, result: { roots: [] } })
    const done = textOf(await (await call).final()) === 'done'
    listening?.cut()
    return done ? question.where : 'lost'
  },

  'The same while no `GET` is open': async ({ peer }) => {
    const begin = performance.now()
    const answer = await peer.call('ask')
    const question = await answer.method('roots/list')
    if (question !== undefined) {
      await peer.post({ id: question.id, result: { roots: [] } })
      return textOf(await answer.final()) === 'done' ? 'on the stream of the call' : 'lost'
    }
    const code = textOf(await answer.final())
    const late = performance.now() - begin >= 4_900
    return code === 'ask_unreachable' && late ? 'fails after 5 s' : code === 'stateless' ? 'refused' : code
  },

  'A call whose connection breaks': async ({ peer }) => {
    const answer = await peer.call('talk', { progressToken: 'p' })
    await answer.method('notifications/progress')
    const [first] = answer.ids
    answer.cut()
    if (first === undefined) return 'its answer is lost'
    const { stream } = await peer.get(first)
    return stream !== undefined && textOf(await stream.final()) === 'talked' ? 'is resumed' : 'its answer is lost'
  },

  '`ctx.closeStream()`': async ({ peer }) => {
    const answer = await peer.call('close')
    await answer.end()
    if (answer.messages.length === 1 && textOf(answer.messages[0]!) === 'closed') return 'does nothing'
    const { stream } = await peer.get(answer.ids.at(-1))
    return stream !== undefined && textOf(await stream.final()) === 'closed'
      ? 'lets the client resume'
      : 'loses the answer'
  },

  'Subscriptions to resources': async ({ peer, server }) => {
    const listening = (await peer.get()).stream
    const answer = await (await peer.request('resources/subscribe', { uri: NOTE })).final()
    if (answer.error !== undefined) return 'refused'
    server.resourceUpdated(NOTE)
    const told = await listening?.method('notifications/resources/updated')
    listening?.cut()
    return told === undefined ? 'lost' : 'on the session stream'
  },

  '`list_changed`': async ({ peer, server }) => {
    const { tools } = peer.capabilities as { tools: { listChanged?: boolean } }
    if (tools.listChanged !== true) return 'not declared'
    const listening = (await peer.get()).stream
    server.tool('added', {}, () => 'added')
    const told = await listening?.method('notifications/tools/list_changed')
    listening?.cut()
    return told === undefined ? 'lost' : 'on the session stream'
  },

  '`logging/setLevel`': async ({ peer }) => {
    const answer = await (await peer.request('logging/setLevel', { level: 'error' })).final()
    if (answer.error !== undefined) return 'refused'
    const talk = await peer.call('talk')
    await talk.final()
    return talk.messages.some(({ method }) => method === 'notifications/message') ? 'lost' : 'kept'
  },

  '`ctx.session.set` and `get`': async ({ peer }) => {
    const outcome = textOf(await (await peer.call('keep')).final())
    if (outcome !== 'done') return outcome === 'stateless' ? 'refused' : outcome
    return textOf(await (await peer.call('kept')).final()) === '1' ? 'kept' : 'lost'
  },

  '`notifications/cancelled`': async ({ peer, handle }) => {
    const call = peer.call('wait', undefined, 77)
    await sleep(100)
    await peer.post({ method: 'notifications/cancelled', params: { requestId: 77 } })
    await (await call).end()
    return handle.counters().callsCancelled === 1 ? 'stops the call' : 'is ignored'
  },

  'What `ctx.session` says of the client': async ({ peer }) => {
    const [name, revision, capabilities] = JSON.parse(textOf(await (await peer.call('client')).final()))
    const known = [
      name === 'probe' && 'name',
      revision === '2025-11-25' && 'revision',
      capabilities.length > 0 && 'capabilities',
    ]
    return known.filter((word) => word !== false).join(', ')
  },

  'The next request after a restart': async ({ mode, peer }) => {
    const after = async (secrets: { secrets?: string[] }): Promise<boolean> => {
      const options = { port: 0, signals: false, ...mode, ...secrets }
      const before = await serve(createProbeServer(), options)
      const { session } = await open(before.url)
      await before.close({ deadline: 0 })
      const restarted = await serve(createProbeServer(), options)
      const response = await peer.post({ id: 2, method: 'ping' }, { 'mcp-session-id': session }, restarted.url)
      await restarted.close({ deadline: 0 })
      return response.status === 200
    }
    const kept = await after({ secrets: ['a secret of at least 32 bytes, kept'] })
    if (!kept) return 'lost'
    return (await after({})) ? 'answered' : 'answered, with `secrets`'
  },
}
