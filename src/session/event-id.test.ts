import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeBase64url } from '../wire/base64url.ts'
import { isRequestId, type RequestId } from '../wire/jsonrpc.ts'
import {
  MAX_EVENT_ID_BYTES,
  readEventId,
  requestEventBegin,
  requestEventId,
  requestEventMiddle,
  sessionEventId,
} from './event-id.ts'
import { type SipKey, sipBegin, sipKey } from './siphash.ts'

const REPLICA = encodeBase64url(new Uint8Array(16).fill(9))
const key = sipKey(new Uint8Array(16).fill(1))
const otherKey = sipKey(new Uint8Array(16).fill(2))

function requestId(
  id: RequestId,
  sequence = 0,
  final = false,
  call = 1,
  under: SipKey = key,
  replica = REPLICA,
): string {
  const begin = requestEventBegin(replica)
  return requestEventId(sipBegin(under, begin), begin, requestEventMiddle(call, id), sequence, final)
}

const ids = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 128 }).filter((id) => isRequestId(id) && Buffer.from(id).toString() === id),
  fc.maxSafeInteger().map((id) => id + 0),
)

test('an id of a request stream says what it was made of, for every JSON-RPC id', () => {
  const calls = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(ids, fc.nat({ max: 1e9 }), fc.boolean(), calls, (id, sequence, final, call) => {
      const text = requestId(id, sequence, final, call)
      expect(readEventId(key, text)).toEqual({
        stream: 'request',
        replica: REPLICA,
        call,
        requestId: id,
        sequence,
        final,
      })
    }),
    { numRuns: 1_000 },
  )
})

test('the ids 1 and "1", and what looks like an encoding, stay apart', () => {
  const read = (id: RequestId): unknown => {
    const event = readEventId(key, requestId(id))
    return event?.stream === 'request' ? event.requestId : event
  }
  for (const id of [
    1,
    '1',
    'n1',
    'p1',
    'b1',
    '',
    '.',
    'a.b',
    '..',
    -1,
    0,
    'ä',
    '\ufeffa',
    '\u0000',
    ' ',
    2 ** 53 - 1,
  ]) {
    expect(read(id)).toBe(id)
  }
})

test('an id of a session stream says what it was made of', () => {
  const position = fc.string({ unit: fc.constantFrom(...'abcXYZ0189-_~'), minLength: 1, maxLength: 32 })
  const catalogue = fc.string({ unit: fc.constantFrom(...'abcXYZ0189-_'), minLength: 1, maxLength: 16 })
  fc.assert(
    fc.property(position, position, catalogue, fc.nat(), (mailbox, cluster, hash, sequence) => {
      const id = { mailbox, cluster, catalogue: hash, sequence }
      expect(readEventId(key, sessionEventId(key, id))).toEqual({ stream: 'session', ...id })
    }),
  )
})

test(`every id fits into ${MAX_EVENT_ID_BYTES} bytes of visible ASCII, with the largest contents there are`, () => {
  const longest = [
    requestId('ä'.repeat(64), Number.MAX_SAFE_INTEGER, true, Number.MAX_SAFE_INTEGER),
    requestId('😀'.repeat(32), Number.MAX_SAFE_INTEGER, true, Number.MAX_SAFE_INTEGER),
    requestId('a'.repeat(128), Number.MAX_SAFE_INTEGER, true, Number.MAX_SAFE_INTEGER),
    sessionEventId(key, {
      mailbox: 'm'.repeat(32),
      cluster: 'c'.repeat(32),
      catalogue: 'h'.repeat(16),
      sequence: Number.MAX_SAFE_INTEGER,
    }),
  ]
  for (const id of longest) {
    expect(id).toMatch(/^[!-~]+$/)
    expect(id.length).toBeLessThanOrEqual(MAX_EVENT_ID_BYTES)
    expect(readEventId(key, id)).toBeDefined()
  }
})

const samples = [
  requestId('a', 7),
  requestId(1, 7, true),
  requestId('ä b', 0),
  sessionEventId(key, { mailbox: 'birth', cluster: 'e-1-1', catalogue: 'hash', sequence: 3 }),
]

test.each(samples)('no character of %s can be altered, left out or added', (id) => {
  expect(readEventId(key, id)).toBeDefined()
  for (let at = 0; at < id.length; at++) {
    for (let code = 0; code < 256; code++) {
      if (code === id.charCodeAt(at)) continue
      const altered = id.slice(0, at) + String.fromCharCode(code) + id.slice(at + 1)
      expect(readEventId(key, altered), altered).toBeUndefined()
    }
    expect(readEventId(key, id.slice(0, at) + id.slice(at + 1))).toBeUndefined()
    expect(readEventId(key, `${id.slice(0, at)}0${id.slice(at)}`)).toBeUndefined()
    expect(readEventId(key, id.slice(0, at))).toBeUndefined()
  }
  for (const longer of [`${id}A`, `${id} `, `${id}.`, ` ${id}`, `${id}\n`, id + id])
    expect(readEventId(key, longer)).toBeUndefined()
})

test.each(samples)('%s is of no use under the key of another session', (id) => {
  expect(readEventId(otherKey, id)).toBeUndefined()
})

test('a final event can not be made of one that is not, nor the other way round', () => {
  const open = requestId('a', 7)
  const final = requestId('a', 7, true)
  const signature = (id: string): string => id.slice(id.lastIndexOf('.'))
  expect(readEventId(key, open.replace('.7.', '.7f.'))).toBeUndefined()
  expect(readEventId(key, open.slice(0, open.lastIndexOf('.')) + signature(final))).toBeUndefined()
})

test('an id that was never ours is none, at any length', () => {
  for (const id of [
    '',
    '.',
    '..',
    '1',
    'r.a.b.c.d.e',
    's',
    'x'.repeat(10_000),
    '_GET_stream_0',
    '\u{1f600}.'.repeat(20),
  ]) {
    expect(readEventId(key, id)).toBeUndefined()
  }
  fc.assert(fc.property(fc.string({ maxLength: 600 }), (id) => readEventId(key, id) === undefined))
})

test('an authentic id of a kind that is not known here is none', () => {
  const other = sessionEventId(key, { mailbox: 'a.b', cluster: 'c', catalogue: 'd', sequence: 1 })
  expect(readEventId(key, other)).toBeUndefined()
})

test('the shared beginning is a whole number of blocks, whatever the replica', () => {
  expect(requestEventBegin(REPLICA).length % 8).toBe(0)
})

test('a flood of guesses finds none', () => {
  const id = requestId('a', 7)
  const begin = id.slice(0, id.lastIndexOf('.') + 1)
  for (let guess = 0; guess < 100_000; guess++) {
    const signature = Buffer.alloc(8)
    signature.writeBigUInt64BE((BigInt(guess) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn)
    if (readEventId(key, begin + signature.toString('base64url')) !== undefined)
      throw new Error(`Guess ${guess} was taken.`)
  }
})
