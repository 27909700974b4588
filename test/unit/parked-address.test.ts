/** The signed address of a parked call against whatever else a client can send in its place. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAddress, readAddress, writeAddress } from '../../src/call/parked-address.ts'
import type { Origin } from '../../src/call/request-state.ts'
import { KeyRing } from '../../src/session/key-ring.ts'
import type { Replica } from '../../src/session/replica.ts'
import { manualPlatform } from './manual-platform.ts'

const platform = manualPlatform()
const ring = await KeyRing.create(platform, 'server', ['a secret of at least 32 bytes, for tests'])
const replica = { ring, platform } as unknown as Replica
const origin: Origin = { principal: 'ada', method: 'tools/call', params: {}, text: '{}', version: '1.0.0' }
const place = { replica: 'r'.repeat(22), tag: 't'.repeat(22), round: 3, expiresAt: platform.now() + 60_000 }
const state = writeAddress(replica, origin, place)

const refused = expect.objectContaining({ code: 'request_state_invalid' })
const reading = (text: string, by = origin): unknown => {
  try {
    return readAddress(replica, by, text)
  } catch (thrown) {
    return thrown
  }
}

test('it is read as it was written, and is short', () => {
  expect(isAddress(state)).toBe(true)
  expect(reading(state)).toEqual(place)
  expect(state.length).toBeLessThan(100)
})

test.each<[string, Partial<Origin>]>([
  ['principal', { principal: 'eve' }],
  ['method', { method: 'prompts/get' }],
  ['version', { version: '1.0.1' }],
])('another %s has no use for it', (_what, other) => {
  expect(reading(state, { ...origin, ...other })).toEqual(refused)
})

test('parts can not be moved from one member to the next', () => {
  const moved = { ...origin, principal: 'ad', method: 'atools/call' }
  expect(reading(writeAddress(replica, moved, place), origin)).toEqual(refused)
})

test('no character can be another one, be left out or be added', () => {
  for (let at = 0; at < state.length; at++) {
    expect(reading(state.slice(0, at) + state.slice(at + 1))).toEqual(refused)
    expect(reading(`${state.slice(0, at)}A${state.slice(at)}`)).toEqual(refused)
    const other = state[at] === 'x' ? 'y' : 'x'
    expect(reading(state.slice(0, at) + other + state.slice(at + 1))).toEqual(refused)
  }
})

test('wide characters that the hash would take for two are refused', () => {
  for (let at = 3; at < state.length - 1; at++) {
    const wide = String.fromCharCode(state.charCodeAt(at) | (state.charCodeAt(at + 1) << 8))
    expect(reading(state.slice(0, at) + wide + state.slice(at + 1))).toEqual(refused)
  }
})

test('nothing else is an address', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(reading(`p1.${text}`)).toEqual(refused)
    }),
  )
  expect(reading(`p1.${'.'.repeat(100_000)}`)).toEqual(refused)
  for (const odd of [undefined, null, 5, {}, ['p1.'], '', 'p1', 'f1.a.b.c']) expect(isAddress(odd)).toBe(false)
})

test('it ends with its time', () => {
  platform.advance(59_999)
  expect(reading(state)).toEqual(place)
  platform.advance(1)
  expect(reading(state)).toEqual(refused)
})
