import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeBase64url } from '../wire/base64url.ts'
import { decodeConnection, encodeConnection } from './connection-id.ts'

const tag = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeBase64url)

test('what was written is read', () => {
  fc.assert(
    fc.property(fc.record({ uid: tag, replica: tag, principal: fc.oneof(fc.constant(''), tag) }), (facts) => {
      expect(decodeConnection(encodeConnection(facts))).toEqual(facts)
    }),
  )
})

test('another format is not read', () => {
  const facts = { uid: 'A'.repeat(22), replica: 'A'.repeat(22), principal: '' }
  const bytes = encodeConnection(facts)
  expect(decodeConnection(bytes.with(0, 2))).toBeUndefined()
  expect(decodeConnection(bytes.subarray(1))).toBeUndefined()
  expect(decodeConnection(new Uint8Array())).toBeUndefined()
})
