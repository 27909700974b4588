/** `requestState` comes back from whoever has it: every way of misusing it, against both ways in which calls wait. */
import { createServer } from 'fairlead'
import { serve } from 'fairlead/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifies } from '../requirements/requirements.ts'
import { ask, call, KEY, type Outcome, type Round, retry, roundOf, textOf } from './wire.ts'

const SECRETS = ['one secret of at least 32 bytes, for tests']
const FORM = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }
const YES = { 'elicitation-1': { action: 'accept', content: { ok: true } } }

function define(version = '1.0.0', name = 'states') {
  const server = createServer({ name, version })
  const inputSchema = { type: 'object', properties: { to: { type: 'string' }, amount: { type: 'number' } } }
  for (const durable of [false, true]) {
    for (const tool of ['pay', 'other']) {
      server.tool(`${tool}_${durable}`, { inputSchema, durable }, async ({ to, amount }, ctx) => {
        const answer = await ctx.elicit({ message: `Pay ${amount} to ${to}?`, requestedSchema: FORM })
        return `${answer.action}: ${amount} to ${to}`
      })
    }
  }
  for (const durable of [false, true]) {
    server.tool(`changes_${durable}`, { inputSchema: { type: 'object' }, durable }, async (args, ctx) => {
      const given = args as { to: string; more: { deep: number[] } }
      given.to = 'changed'
      given.more.deep.push(2)
      const answer = await ctx.elicit({ message: 'Sure?', requestedSchema: FORM })
      return `${answer.action}: ${given.to}`
    })
  }
  server.prompt('pay', { arguments: [{ name: 'to' }] }, async ({ to }, ctx) => {
    return `${(await ctx.elicit({ message: `Pay ${to}?`, requestedSchema: FORM })).action}`
  })
  return server
}

type Serving = Awaited<ReturnType<typeof serve>>
const running: Serving[] = []
const run = async (server: ReturnType<typeof define>, more: object = {}): Promise<Serving> => {
  const users = { ada: 'ada', eve: 'eve' } as Record<string, string>
  const auth = (request: { header(name: string): string | undefined }) => {
    const user = users[request.header('x-user') ?? '']
    return user === undefined ? ('anonymous' as const) : { issuer: 'https://example.com', subject: user }
  }
  const started = await serve(server, { port: 0, signals: false, secrets: SECRETS, auth, onError: () => {}, ...more })
  running.push(started)
  return started
}
afterAll(async () => {
  for (const each of running) await each.close({ deadline: 0 })
})

let server: Serving
beforeAll(async () => {
  server = await run(define())
})

const ADA = { headers: { 'x-user': 'ada' } }
const EVE = { headers: { 'x-user': 'eve' } }
const ARGS = { to: 'bob', amount: 5 }

/** The one answer to every misuse: it tells nothing about what was wrong. */
const refused = ({ status, error, result }: Outcome) =>
  expect({ status, error, result }).toEqual({
    status: 200,
    result: undefined,
    error: {
      code: -32602,
      message: 'requestState: is not one that this server gave for this request, or it has expired.',
    },
  })

describe.each([false, true])('durable: %s', (durable) => {
  const tool = `pay_${durable}`
  const begin = async (on = server.url): Promise<Round> => roundOf(await call(on, tool, ARGS, ADA))
  const use = (round: Round, args: object = ARGS, changes: object = ADA, on = server.url) =>
    retry(on, tool, round, YES, { ...args }, changes)

  test('as it is, it leads on', async () => {
    expect(textOf(await use(await begin()))).toBe('accept: 5 to bob')
  })

  test('a handler that changes its arguments before it asks gets its answer', async () => {
    const args = { to: 'bob', amount: 5, more: { deep: [1] } }
    const round = roundOf(await call(server.url, `changes_${durable}`, args, ADA))
    expect(textOf(await retry(server.url, `changes_${durable}`, round, YES, args, ADA))).toBe('accept: changed')
  })

  test('arguments written in another order are the same arguments', async () => {
    expect(textOf(await use(await begin(), { amount: 5, to: 'bob' }))).toBe('accept: 5 to bob')
  })

  test('case 41: every changed character is found', async () => {
    verifies('MRTR-03')
    const round = await begin()
    const text = round.requestState
    for (let at = 0; at < text.length; at += 7) {
      const other = text[at] === 'A' ? 'B' : 'A'
      refused(await use({ ...round, requestState: text.slice(0, at) + other + text.slice(at + 1) }))
    }
  })

  test('what is cut, longer, of another kind or no text is refused', async () => {
    verifies('MRTR-03')
    const round = await begin()
    const text = round.requestState
    const forged = [text.slice(0, -1), `${text}A`, `${text}-TAMPERED`, text.toUpperCase(), '', 'x', 'f1.a.b.c']
    const odd = ['x'.repeat(100_000), 5, {}, [text], null, true]
    for (const requestState of [...forged, ...odd])
      refused(await use({ ...round, requestState: requestState as string }))
    expect(textOf(await use(round))).toBe('accept: 5 to bob')
  })

  test('a cursor or a session id is no state', async () => {
    const { post } = await import('../requirements/session.ts')
    const { initializeMessage, JSON_BOTH } = await import('../requirements/session.ts')
    const reply = await post(server.url, initializeMessage(), { ...JSON_BOTH, 'x-user': 'ada' })
    const round = await begin()
    refused(await use({ ...round, requestState: String(reply.headers['mcp-session-id']) }))
  })

  test('case 41: another principal has no use for it, and nobody is one', async () => {
    verifies('MRTR-04', 'SESS-11', 'ELIC-05')
    const round = await begin()
    refused(await use(round, ARGS, EVE))
    refused(await use(round, ARGS, {}))
    const anonymous = roundOf(await call(server.url, tool, ARGS))
    refused(await use(anonymous, ARGS, ADA))
    expect(textOf(await use(round))).toBe('accept: 5 to bob')
  })

  test.each([
    ['a changed argument', { to: 'eve', amount: 5 }],
    ['a changed number', { to: 'bob', amount: 5_000 }],
    ['a further argument', { to: 'bob', amount: 5, note: 'x' }],
    ['a missing argument', { to: 'bob' }],
    ['no arguments', {}],
  ])('on a request with %s it is refused', async (_what, args) => {
    verifies('MRTR-04')
    refused(await use(await begin(), args))
  })

  test('case 41: on another tool or another method it is refused', async () => {
    verifies('MRTR-04')
    const round = await begin()
    refused(await retry(server.url, `other_${durable}`, round, YES, ARGS, ADA))
    const { requestState } = round
    refused(await ask(server.url, 'prompts/get', { name: 'pay', inputResponses: YES, requestState }, ADA))
  })

  test('after its time it is refused', async () => {
    verifies('MRTR-04')
    const quick = await run(define(), { limits: { parkedMs: 60 } })
    const round = await begin(quick.url)
    await new Promise((resolve) => setTimeout(resolve, 120))
    refused(await use(round, ARGS, ADA, quick.url))
  })

  test('another version of the handler refuses it', async () => {
    const next = await run(define('2.0.0'))
    refused(await use(await begin(), ARGS, ADA, next.url))
  })

  test('a server of another name or another secret refuses it', async () => {
    const named = await run(define('1.0.0', 'another'))
    refused(await use(await begin(), ARGS, ADA, named.url))
    const keyed = await run(define(), { secrets: ['another secret of at least 32 bytes!!'] })
    refused(await use(await begin(), ARGS, ADA, keyed.url))
  })

  test('a method that can not ask does not look at it', async () => {
    const { result } = await ask(server.url, 'tools/list', { requestState: 'nonsense' }, ADA)
    expect(result?.['resultType']).toBe('complete')
  })

  test('a capability that the retry no longer declares is not used', async () => {
    const without = { ...ADA, meta: { [`${KEY}clientCapabilities`]: {} } }
    const outcome = await use(await begin(), ARGS, without)
    // A handler that waits has asked already; one that runs again asks again, and may not.
    expect(durable ? outcome.error?.code : textOf(outcome)).toBe(durable ? -32021 : 'accept: 5 to bob')
  })
})

test('a parked call of another process is lost, and said to be', async () => {
  const other = await run(define())
  const round = roundOf(await call(server.url, 'pay_false', ARGS, ADA))
  const { error } = await retry(other.url, 'pay_false', round, YES, ARGS, ADA)
  expect(error).toMatchObject({ code: -32603, data: { reason: 'replica_lost' } })
})

test('a durable call goes on in any process', async () => {
  verifies('BASE-21')
  const other = await run(define())
  const round = roundOf(await call(server.url, 'pay_true', ARGS, ADA))
  expect(textOf(await retry(other.url, 'pay_true', round, YES, ARGS, ADA))).toBe('accept: 5 to bob')
})

test('states of a kind do not open as the other', async () => {
  const parked = roundOf(await call(server.url, 'pay_false', ARGS, ADA))
  const durable = roundOf(await call(server.url, 'pay_true', ARGS, ADA))
  refused(await retry(server.url, 'pay_true', parked, YES, ARGS, ADA))
  refused(await retry(server.url, 'pay_false', durable, YES, ARGS, ADA))
})
