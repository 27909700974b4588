/** Calls that wait for clients which never come back: over thousands of them nothing is left behind. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { CallOutlet } from '../../src/call/outlet.ts'
import { memoryEngine } from '../../src/engine/memory.ts'
import { requestSession, startModern } from '../../src/server/modern-call.ts'
import { createServer, definitionOf } from '../../src/server/server.ts'
import { Serving } from '../../src/server/serving.ts'
import { DEFAULT_LIMITS } from '../../src/session/limits.ts'
import { readEnvelope } from '../../src/wire/envelope.ts'
import type { JsonRpcRequest } from '../../src/wire/jsonrpc.ts'
import { type ManualPlatform, manualPlatform } from './manual-platform.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const FORM = { type: 'object', properties: { ok: { type: 'boolean' } } }

interface Ends {
  rejected: number
  finally: number
  aborted: number
}

async function serving(platform: ManualPlatform): Promise<{ running: Serving; ends: Ends }> {
  const ends: Ends = { rejected: 0, finally: 0, aborted: 0 }
  const server = createServer({ name: 'parked', version: '1.0.0' })
  server.tool('asks', {}, async (_args, ctx) => {
    ctx.signal.addEventListener('abort', () => ends.aborted++)
    try {
      await Promise.all([ctx.elicit({ message: 'One?', requestedSchema: FORM }), ctx.listRoots()])
    } catch (error) {
      ends.rejected++
      throw error
    } finally {
      ends.finally++
    }
    return 'answered'
  })
  server.tool('asks_later', {}, async (_args, ctx) => {
    try {
      await ctx.elicit({ message: 'Soon?', requestedSchema: FORM }, { timeout: 1_000 })
    } catch {
      ends.rejected++
    }
    return 'x'.repeat(1_000)
  })
  const running = await Serving.start(definitionOf(server), {
    platform,
    engine: memoryEngine(platform),
    secrets: [],
    limits: { ...DEFAULT_LIMITS, parked: 20_000 },
    report: () => {},
    state: undefined,
    stateful: true,
  })
  return { running, ends }
}

/** Calls a tool; what the client gets goes to `answers`. */
function call(running: Serving, id: number, name: string, answers: string[], retry: object = {}): void {
  const capabilities = { elicitation: {}, roots: {} }
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  }
  const request: JsonRpcRequest = { jsonrpc: '2.0', id, method: 'tools/call', params: { name, ...retry, _meta } }
  const outlet: CallOutlet = {
    notify: () => {},
    sendAsk: () => {},
    finish: (text) => void answers.push(text ?? ''),
    closeConnection: () => {},
  }
  const session = requestSession(running, readEnvelope(request.params), '')
  void startModern(
    running,
    {
      session,
      identity: undefined,
      headers: { header: () => undefined },
      request,
      text: JSON.stringify(request),
      outlet,
    },
    () => {},
  )
}

async function park(running: Serving, platform: ManualPlatform, count: number, name: string): Promise<void> {
  const answers: string[] = []
  for (let id = 0; id < count; id++) call(running, id, name, answers)
  await platform.settle()
  expect(answers.filter((text) => text.includes('"input_required"')).length).toBe(count)
  expect(running.services.parking.size).toBe(count)
}

/** Lets every wait end: longer than a state is good, in steps of a minute. */
const expire = (platform: ManualPlatform) => platform.pass(DEFAULT_LIMITS.parkedMs + 60_000, 60_000)

test('10,000 calls that are never answered leave neither memory nor timers', async () => {
  const platform = manualPlatform()
  const { running, ends } = await serving(platform)
  await expire(platform)
  const timers = platform.timers
  await park(running, platform, 1_000, 'asks')
  await expire(platform)
  collect()
  const before = process.memoryUsage().heapUsed
  await park(running, platform, 10_000, 'asks')
  collect()
  const during = process.memoryUsage().heapUsed
  expect(during - before).toBeGreaterThan(5_000_000)
  await expire(platform)
  expect(ends).toEqual({ rejected: 11_000, finally: 11_000, aborted: 11_000 })
  expect(running.services.parking.size).toBe(0)
  expect(running.replica.calls.size).toBe(0)
  expect(running.replica.counters).toMatchObject({ asksSent: 22_000, asksTimedOut: 22_000, callsFailed: 11_000 })
  expect(platform.timers).toBe(timers)
  collect()
  // Each held more than 500 bytes, and left less than 100.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000)
}, 60_000)

test('10,000 calls that are answered leave nothing either, long before their wait would have ended', async () => {
  const platform = manualPlatform()
  const { running, ends } = await serving(platform)
  const inputResponses = {
    'elicitation-1': { action: 'accept', content: { ok: true } },
    'roots-2': { roots: [] },
  }
  const answer = async (count: number): Promise<void> => {
    for (let id = 0; id < count; id++) {
      const answers: string[] = []
      call(running, id, 'asks', answers)
      platform.endTurn()
      const { requestState } = JSON.parse(answers[0]!).result
      call(running, id, 'asks', answers, { inputResponses, requestState })
      if (id % 100 === 0) await platform.settle()
    }
    await platform.settle()
  }
  await answer(2_000)
  collect()
  const [before, timers] = [process.memoryUsage().heapUsed, platform.timers]
  await answer(10_000)
  collect()
  expect(running.replica.counters).toMatchObject({ asksAnswered: 24_000, callsFinished: 12_000 })
  expect(running.services.parking.size).toBe(0)
  expect(ends).toEqual({ rejected: 0, finally: 12_000, aborted: 0 })
  expect(platform.timers).toBe(timers)
  // Less than 40 bytes for each.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(400_000)
}, 60_000)

test('neither do those whose handlers went on without their client', async () => {
  const platform = manualPlatform()
  const { running, ends } = await serving(platform)
  await park(running, platform, 1_000, 'asks_later')
  await platform.pass(2_000, 1_000)
  expect(ends.rejected).toBe(1_000)
  // They are done, and their results wait for a retry.
  expect(running.replica.calls.size).toBe(0)
  expect(running.services.parking.size).toBe(1_000)
  await expire(platform)
  expect(running.services.parking.size).toBe(0)
  expect(running.replica.counters).toMatchObject({ callsFinished: 1_000, callsFailed: 0, asksTimedOut: 1_000 })
})
