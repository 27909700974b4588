import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { encodeBase64url } from '../wire/base64url.ts'
import { REVISIONS } from '../wire/revision.ts'
import { KeyRing } from './key-ring.ts'
import {
  decodeFacts,
  encodeFacts,
  fitExtensions,
  fitName,
  MAX_SESSION_ID_BYTES,
  type SessionFacts,
} from './session-id.ts'

const tag = (byte: number): string => encodeBase64url(new Uint8Array(16).fill(byte))

const FACTS: SessionFacts = {
  uid: tag(1),
  birth: 'epoch-1-1',
  expiresAt: 1_800_000_000_000,
  revision: REVISIONS[0]!,
  capabilities: 127,
  client: { name: 'client', version: '1.0.0' },
  principal: '',
  extensions: '',
}

const arbitraryFacts: fc.Arbitrary<SessionFacts> = fc.record({
  uid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeBase64url),
  birth: fc.string({ unit: fc.constantFrom(...'abcXYZ0189-_'), maxLength: 32 }),
  expiresAt: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((seconds) => seconds * 1000),
  revision: fc.constantFrom(...REVISIONS),
  capabilities: fc.integer({ min: 0, max: 0xffff }),
  client: fc.record({
    name: fc.string({ unit: 'binary', maxLength: 100 }).map(fitName),
    version: fc.string({ unit: 'binary', maxLength: 100 }).map(fitName),
  }),
  principal: fc.oneof(fc.constant(''), fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeBase64url)),
  extensions: fc.dictionary(fc.string(), fc.jsonValue()).map(fitExtensions),
})

test('facts come back as they went in', () => {
  fc.assert(
    fc.property(arbitraryFacts, (facts) => {
      expect(decodeFacts(encodeFacts(facts))).toEqual(facts)
    }),
    { numRuns: 1_000 },
  )
})

test(`a session id has at most ${MAX_SESSION_ID_BYTES} bytes of visible ASCII, with the largest facts there are`, async () => {
  const platform = manualPlatform(1, Date.UTC(2099, 0))
  const ring = await KeyRing.create(platform, 'a server with a long name', ['x'.repeat(64)])
  const largest: SessionFacts = {
    uid: tag(255),
    birth: 'e'.repeat(32),
    expiresAt: (2 ** 32 - 1) * 1000,
    revision: REVISIONS[0]!,
    capabilities: 0xffff,
    client: { name: '😀'.repeat(1_000), version: 'ä'.repeat(1_000) },
    principal: tag(254),
    extensions: fitExtensions({ a: 'x'.repeat(120) }),
  }
  expect(Buffer.byteLength(largest.extensions)).toBe(128)
  const bytes = encodeFacts(largest)
  const token = await ring.seal('session', bytes)
  expect(token).toMatch(/^[!-~]+$/)
  expect(token.length).toBeLessThanOrEqual(MAX_SESSION_ID_BYTES)
  // As large as it gets: 64 bytes each for name and version, 32 for the birth, 128 for the extensions.
  expect(bytes.length).toBe(29 + 16 + 64 + 64 + 32 + 128)
})

test('no facts make a longer one', async () => {
  const ring = await KeyRing.create(manualPlatform(1, Date.UTC(2099, 0)), 'server', ['x'.repeat(64)])
  const unfit = fc.record({ facts: arbitraryFacts, name: fc.string({ unit: 'grapheme', maxLength: 300 }) })
  await fc.assert(
    fc.asyncProperty(unfit, async ({ facts, name }) => {
      const token = await ring.seal('session', encodeFacts({ ...facts, client: { name, version: name } }))
      expect(token.length).toBeLessThanOrEqual(MAX_SESSION_ID_BYTES)
    }),
  )
})

describe('names', () => {
  test.each([
    ['a'.repeat(64), 'a'.repeat(64)],
    ['a'.repeat(65), 'a'.repeat(64)],
    ['ä'.repeat(33), 'ä'.repeat(32)],
    [`a${'ä'.repeat(32)}`, `a${'ä'.repeat(31)}`],
    [`aa${'€'.repeat(21)}`, `aa${'€'.repeat(20)}`],
    ['€'.repeat(22), '€'.repeat(21)],
    ['😀'.repeat(17), '😀'.repeat(16)],
    [`a${'😀'.repeat(16)}`, `a${'😀'.repeat(15)}`],
    [`aaa${'😀'.repeat(16)}`, `aaa${'😀'.repeat(15)}`],
  ])('%s is cut between characters', (name, cut) => {
    expect(fitName(name)).toBe(cut)
    const decoded = decodeFacts(encodeFacts({ ...FACTS, client: { name, version: name } }))
    expect(decoded?.client).toEqual({ name: cut, version: cut })
  })

  test('a name is the same at initialize and in every later request', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (name) => {
        const fitted = fitName(name)
        expect(Buffer.byteLength(fitted)).toBeLessThanOrEqual(64)
        expect(fitName(fitted)).toBe(fitted)
        expect(decodeFacts(encodeFacts({ ...FACTS, client: { name: fitted, version: '' } }))?.client.name).toBe(fitted)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each(['\ufeffwith a mark', `\ufeff${'x'.repeat(80)}`, 'half a \ud800 pair', '\udc00'])(
    'so is the odd one %j',
    (name) => {
      const fitted = fitName(name)
      expect(decodeFacts(encodeFacts({ ...FACTS, client: { name: fitted, version: '' } }))?.client.name).toBe(fitted)
    },
  )
})

describe('extensions', () => {
  test('settings that fit travel as JSON', () => {
    expect(fitExtensions({ 'com.example/x': { a: 1 } })).toBe('{"com.example/x":{"a":1}}')
  })

  test('none, and what does not fit, count as not declared', () => {
    expect(fitExtensions({})).toBe('')
    expect(fitExtensions({ a: 'x'.repeat(120) })).not.toBe('')
    expect(fitExtensions({ a: 'x'.repeat(121) })).toBe('')
    expect(fitExtensions({ a: 'ä'.repeat(61) })).toBe('')
  })
})

test('a session lives at least as long as it was promised, to the second', () => {
  for (const expiresAt of [1_800_000_000_000, 1_800_000_000_001, 1_800_000_000_999]) {
    const decoded = decodeFacts(encodeFacts({ ...FACTS, expiresAt }))!
    expect(decoded.expiresAt).toBeGreaterThanOrEqual(expiresAt)
    expect(decoded.expiresAt - expiresAt).toBeLessThan(1_000)
  }
})

test('bytes of another format or of an unknown revision open nothing', () => {
  const bytes = encodeFacts(FACTS)
  expect(decodeFacts(bytes)).toEqual(FACTS)
  expect(decodeFacts(Uint8Array.from(bytes, (byte, at) => (at === 0 ? 2 : byte)))).toBeUndefined()
  expect(decodeFacts(Uint8Array.from(bytes, (byte, at) => (at === 21 ? 99 : byte)))).toBeUndefined()
  expect(decodeFacts(bytes.subarray(0, 28))).toBeUndefined()
  expect(decodeFacts(new Uint8Array(0))).toBeUndefined()
})

test('facts are read from a piece of a larger buffer', () => {
  const bytes = encodeFacts(FACTS)
  const larger = new Uint8Array(bytes.length + 20)
  larger.set(bytes, 7)
  expect(decodeFacts(larger.subarray(7, 7 + bytes.length))).toEqual(FACTS)
})
