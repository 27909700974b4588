/** What replicas cost the engine, counted: nothing for a plain call, and a few round trips for what has to cross. */
import { type Engine, memoryEngine, type Store } from 'fairlead/engine'
import { type ServerHandle, serve } from 'fairlead/node'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { replicaServer } from './definition.ts'
import { RoamingSession, sleep, textOf } from './roaming.ts'

const SECRET = 'the secret of the replicas in tests'

/** What each replica does whatever its clients do: its lease, its heartbeat, and reading what others say. */
const OWN_UPKEEP = /^(put lease|get lease|append cluster|trim cluster|tail )/

let operations: string[] = []

function counted(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = target[name as keyof Store]
      if (typeof member !== 'function') return member
      return (...args: [string]) => {
        const [kind] = args[0].split('/')
        operations.push(`${String(name)} ${kind}`)
        return (member as (...args: unknown[]) => unknown).apply(target, args)
      }
    },
  })
}

let fleet: { readonly urls: string[] }
const handles: ServerHandle[] = []

beforeAll(async () => {
  const shared = await memoryEngine({
    now: () => Date.now(),
    setTimer(ms, run) {
      const timer = setTimeout(run, ms).unref()
      return { cancel: () => clearTimeout(timer) }
    },
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  }).open(() => {})
  for (let at = 0; at < 3; at++) {
    const engine: Engine = { open: async () => counted(shared), close: async () => {} }
    const options = { port: 0, signals: false, engine, secrets: [SECRET], logger: () => {} }
    handles.push(await serve(replicaServer(`r${at}`), options))
  }
  fleet = { urls: handles.map(({ url }) => url) }
})
afterAll(() => Promise.all(handles.map((handle) => handle.close({ deadline: 0 }))))
beforeEach(() => {
  operations = []
})

const crossing = (): string[] => operations.filter((operation) => !OWN_UPKEEP.test(operation))

test('a plain call, on any replica, needs nothing of the engine', async () => {
  const session = await RoamingSession.open(fleet, 0)
  for (let call = 0; call < 300; call++) expect(await session.text(call % 3, 'who')).toBe(`r${call % 3}`)
  const { id, stream } = await session.call(1, 'count', { to: 10, every: 1 }, { progressToken: 'p' })
  await stream.response(id)
  expect((await session.request(2, 'tools/list')).result).toBeDefined()
  expect(crossing()).toEqual([])
})

test('an elicitation that is answered elsewhere adds at most three operations', async () => {
  const session = await RoamingSession.open(fleet, 0)
  for (let round = 0; round < 20; round++) {
    operations = []
    const { id, stream } = await session.call(0, 'ask', { question: 'well?' })
    const ask = await stream.method('elicitation/create')
    await session.accept(1, ask.id, 'yes')
    expect(textOf(await stream.response(id))).toBe('r0 heard yes')
    await sleep(20)
    expect(crossing().length).toBeLessThanOrEqual(3)
    expect(crossing()).toContain('append inbox')
  }
})

test('case 10: an idle fleet does three operations a second and replica, whatever the number of sessions', async () => {
  await Promise.all(Array.from({ length: 200 }, (_, at) => RoamingSession.open(fleet, at % 3)))
  operations = []
  await sleep(3_000)
  expect(crossing()).toEqual([])
  expect(operations.length).toBeLessThanOrEqual(3 * 3 * 3 + 6)
})
