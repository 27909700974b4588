import { expect, test } from 'vitest'
import { REVISIONS } from '../wire/revision.ts'
import { Session } from './session.ts'
import { SessionCache } from './session-cache.ts'
import { sipKey } from './siphash.ts'

let made = 0

function session(busy = false): Session {
  const number = String(++made)
  const facts = {
    uid: `uid ${number}`,
    birth: '',
    expiresAt: 1,
    revision: REVISIONS[0]!,
    capabilities: 0,
    client: { name: '', version: '' },
    principal: '',
    extensions: '',
  }
  const own = new Session(facts, `f1.abcdef.1.${number.padStart(60, '0')}`, sipKey(new Uint8Array(16)))
  own.openStreams = busy ? 1 : 0
  return own
}

function fill(cache: SessionCache, count: number, busy = false): Session[] {
  const sessions = Array.from({ length: count }, () => session(busy))
  for (const own of sessions) cache.add(own)
  return sessions
}

const found = (cache: SessionCache, sessions: readonly Session[]): number =>
  sessions.filter((own) => cache.get(own.token) === own).length

test('a session is found by its token and by its uid', () => {
  const cache = new SessionCache(100)
  const [first] = fill(cache, 5)
  expect(cache.get(first!.token)).toBe(first)
  expect(cache.byUid(first!.facts.uid)).toBe(first)
  expect(cache.byUid('uid of nobody')).toBeUndefined()
})

test('a token that only ends like a known one finds nothing', () => {
  const cache = new SessionCache(100)
  const [own] = fill(cache, 1)
  const { token } = own!
  for (let at = 0; at < token.length; at++) {
    expect(cache.get(`${token.slice(0, at)}x${token.slice(at + 1)}`)).toBeUndefined()
  }
  expect(cache.get(token.slice(1))).toBeUndefined()
  expect(cache.get('')).toBeUndefined()
  expect(cache.get(token)).toBe(own)
})

test('it holds no more than its capacity, and the newest half for certain', () => {
  const cache = new SessionCache(100)
  const sessions = fill(cache, 1_000)
  expect(cache.size).toBeLessThanOrEqual(100)
  expect(found(cache, sessions.slice(-50))).toBe(50)
  expect(cache.get(sessions[0]!.token)).toBeUndefined()
  expect(cache.byUid(sessions[0]!.facts.uid)).toBeUndefined()
})

test('a session that is used stays, one that is not goes', () => {
  const cache = new SessionCache(100)
  const [used, idle] = fill(cache, 2)
  for (let round = 0; round < 30; round++) {
    fill(cache, 20)
    expect(cache.get(used!.token)).toBe(used)
  }
  expect(cache.get(idle!.token)).toBeUndefined()
})

test('a busy session stays whatever comes, because its calls and streams hold on to this object', () => {
  const cache = new SessionCache(10)
  const busy = fill(cache, 30, true)
  fill(cache, 500)
  expect(found(cache, busy)).toBe(30)
  for (const own of busy) expect(cache.byUid(own.facts.uid)).toBe(own)
  for (const own of busy) own.openStreams = 0
  fill(cache, 500)
  expect(found(cache, busy)).toBe(0)
  expect(cache.size).toBeLessThanOrEqual(10)
})

test('many busy sessions push out no idle ones', () => {
  const cache = new SessionCache(100)
  fill(cache, 1_000, true)
  const idle = fill(cache, 50)
  expect(found(cache, idle)).toBe(50)
})

test('many busy sessions cost nothing with each new one', () => {
  const cache = new SessionCache(10_000)
  const busy = fill(cache, 20_000, true)
  // As many moves as sessions would be twenty thousand times as many as are needed.
  let looks = 0
  for (const own of busy) Object.defineProperty(own, 'busy', { get: () => ++looks > 0 })
  fill(cache, 20_000)
  expect(found(cache, busy)).toBe(20_000)
  expect(looks).toBeLessThan(200_000)
})
