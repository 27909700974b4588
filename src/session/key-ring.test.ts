import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { webPlatform } from '../../src/adapters/web-platform.ts'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { KeyRing, MIN_SECRET_BYTES, type Opened, type Purpose } from './key-ring.ts'

const OLD = 'the old secret, with enough bytes in it'
const NEW = 'the new secret, with enough bytes in it'
const bytes = new TextEncoder().encode('what a token holds')
const platform = manualPlatform()

const ring = (secrets: readonly string[], audience = 'server'): Promise<KeyRing> =>
  KeyRing.create(platform, audience, secrets)

async function opens(by: KeyRing, token: string, purpose: Purpose = 'session'): Promise<string> {
  const opened = await by.open(purpose, token)
  if (typeof opened === 'string') return opened
  expect(new Uint8Array(opened.bytes)).toEqual(bytes)
  return 'opened'
}

test('a token opens to the same bytes, whatever they are', async () => {
  const own = await ring([OLD])
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (content) => {
      const opened = (await own.open('session', await own.seal('session', content))) as Opened
      expect(new Uint8Array(opened.bytes)).toEqual(content)
      expect(opened.keyId).toBe(own.sealingKeyId)
    }),
  )
})

test('two tokens of the same bytes are different', async () => {
  const own = await ring([OLD])
  const tokens = await Promise.all(Array.from({ length: 2_000 }, async () => own.seal('session', bytes)))
  expect(new Set(tokens).size).toBe(2_000)
})

test('a token is visible ASCII, and only its key id and day can be read', async () => {
  const token = await (await ring([OLD])).seal('session', bytes)
  expect(token).toMatch(/^f1\.[A-Za-z0-9_-]{6}\.[0-9a-z]{1,5}\.[A-Za-z0-9_-]+$/)
  expect(Buffer.from(token.split('.')[3]!, 'base64url').toString('latin1')).not.toContain('what a token holds')
})

describe('rotation', () => {
  test('a key can be opened before it is used for sealing, and after', async () => {
    const before = await ring([OLD])
    const prepared = await ring([OLD, NEW])
    const rotated = await ring([NEW, OLD])
    const after = await ring([NEW])
    const byOld = [await before.seal('session', bytes), await prepared.seal('session', bytes)]
    const byNew = [await rotated.seal('session', bytes), await after.seal('session', bytes)]
    for (const token of byOld) {
      expect(await Promise.all([before, prepared, rotated].map((by) => opens(by, token)))).toEqual(
        Array(3).fill('opened'),
      )
      expect(await opens(after, token)).toBe('unknown_key')
    }
    for (const token of byNew) {
      expect(await Promise.all([prepared, rotated, after].map((by) => opens(by, token)))).toEqual(
        Array(3).fill('opened'),
      )
      expect(await opens(before, token)).toBe('unknown_key')
    }
  })

  test('the first secret seals', async () => {
    const rotated = await ring([NEW, OLD])
    expect(rotated.sealingKeyId).toBe((await ring([NEW])).sealingKeyId)
    expect(rotated.sealingKeyId).not.toBe((await ring([OLD])).sealingKeyId)
  })

  test('event ids of a session are signed under the key of its token, before and after a rotation', async () => {
    const before = await ring([OLD])
    const rotated = await ring([NEW, OLD])
    expect(rotated.eventKey(before.sealingKeyId)).toEqual(before.eventKey(before.sealingKeyId))
    expect(rotated.eventKey(rotated.sealingKeyId)).not.toEqual(before.eventKey(before.sealingKeyId))
  })

  test('a token of weeks ago opens', async () => {
    const own = await ring([OLD])
    const token = await own.seal('session', bytes)
    platform.advance(29 * 86_400_000)
    expect(await opens(own, token)).toBe('opened')
    expect(await opens(own, await own.seal('session', bytes))).toBe('opened')
  })
})

test('a token opens for its purpose, its audience and under its secret only', async () => {
  const purposes = ['session', 'connection', 'cursor'] as const
  const audiences = ['server', 'other server', '']
  const secrets = [OLD, NEW]
  const places = purposes.flatMap((purpose) =>
    audiences.flatMap((audience) => secrets.map((secret) => ({ purpose, audience, secret }))),
  )
  let opened = 0
  for (const made of places) {
    const token = await (await ring([made.secret], made.audience)).seal(made.purpose, bytes)
    for (const used of places) {
      const outcome = await opens(await ring([used.secret], used.audience), token, used.purpose)
      const expected = made === used ? 'opened' : made.secret === used.secret ? 'forged' : 'unknown_key'
      expect(outcome, JSON.stringify({ made, used })).toBe(expected)
      if (outcome === 'opened') opened++
    }
  }
  expect(opened).toBe(places.length)
})

test('no change of a single bit of any character opens', async () => {
  const own = await ring([OLD, NEW])
  const token = await own.seal('session', bytes)
  expect(await opens(own, token)).toBe('opened')
  for (let at = 0; at < token.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = token.slice(0, at) + String.fromCharCode(token.charCodeAt(at) ^ (1 << bit)) + token.slice(at + 1)
      expect(await opens(own, changed), changed).not.toBe('opened')
    }
  }
})

test('no change of a single bit of any sealed byte opens, and each is certain to be forged', async () => {
  const own = await ring([OLD])
  const [format, keyId, day, text] = (await own.seal('session', bytes)).split('.')
  const sealed = Buffer.from(text!, 'base64url')
  for (let at = 0; at < sealed.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[at]! ^= 1 << bit
      expect(await opens(own, [format, keyId, day, changed.toString('base64url')].join('.'))).toBe('forged')
    }
  }
})

test('neither the beginning nor the end of a token can be left out or doubled', async () => {
  const own = await ring([OLD])
  const token = await own.seal('session', bytes)
  for (let length = 0; length < token.length; length++) {
    expect(await opens(own, token.slice(0, length))).not.toBe('opened')
    expect(await opens(own, token.slice(length + 1))).not.toBe('opened')
  }
  for (const longer of [`${token}A`, `${token}=`, `${token} `, `${token}.`, `.${token}`, token + token]) {
    expect(await opens(own, longer)).not.toBe('opened')
  }
})

test('the day of a token is part of what is sealed', async () => {
  const own = await ring([OLD])
  const [format, keyId, , text] = (await own.seal('session', bytes)).split('.')
  for (const day of ['0', 'a', 'zzzzz', '00'])
    expect(await opens(own, [format, keyId, day, text].join('.'))).toBe('forged')
  for (const day of ['', 'zzzzzz', 'A', '-1', '../x']) {
    expect(await opens(own, [format, keyId, day, text].join('.'))).toBe('malformed')
  }
})

test('what is not of the form is certain to be none of ours', async () => {
  const own = await ring([OLD])
  const keyId = own.sealingKeyId
  for (const token of [
    '',
    'abc',
    '550e8400-e29b-41d4-a716-446655440000',
    'f1...',
    `f1.${keyId}.a.`,
    `f2.${keyId}.a.AAAA`,
  ]) {
    expect(await opens(own, token)).toBe('malformed')
  }
  expect(await opens(own, `f1.${keyId}.a.${'A'.repeat(36)}`)).toBe('malformed')
  expect(await opens(own, `f1.${keyId}.a.${'A'.repeat(40)}`)).toBe('forged')
  expect(await opens(own, `f1.______.a.${'A'.repeat(40)}`)).toBe('unknown_key')
})

test('a flood of days is forgotten, and right tokens still open', async () => {
  const own = await ring([OLD])
  const token = await own.seal('session', bytes)
  const [format, keyId, , text] = token.split('.')
  for (let day = 0; day < 1_000; day++)
    expect(await opens(own, [format, keyId, day.toString(36), text].join('.'))).toBe('forged')
  expect(await opens(own, token)).toBe('opened')
})

test(`a secret has at least ${MIN_SECRET_BYTES} bytes, counted as UTF-8, and the error says which has not`, async () => {
  await expect(ring(['x'.repeat(31)])).rejects.toThrow(/secrets\[0\] has 31 bytes/)
  await expect(ring([OLD, ''])).rejects.toThrow(/secrets\[1\] has 0 bytes/)
  await expect(ring(['ä'.repeat(15)])).rejects.toThrow(/30 bytes/)
  await expect(ring(['x'.repeat(31)])).rejects.toBeInstanceOf(TypeError)
  await expect(ring(['ä'.repeat(16)])).resolves.toBeInstanceOf(KeyRing)
  await expect(ring([OLD, '']).catch((thrown: Error) => thrown.message)).resolves.not.toContain(OLD)
})

test('without a secret one is made, another one for each process', async () => {
  const one = await ring([])
  const two = await ring([])
  expect([one.generated, (await ring([OLD])).generated]).toEqual([true, false])
  const token = await one.seal('session', bytes)
  expect(await opens(one, token)).toBe('opened')
  expect(await opens(two, token)).toBe('unknown_key')
})

test('the cryptography of the web and of Node open each other’s tokens', async () => {
  const web = await KeyRing.create(webPlatform, 'server', [OLD])
  const node = await ring([OLD])
  expect(await opens(web, await node.seal('session', bytes))).toBe('opened')
  expect(await opens(node, await web.seal('session', bytes))).toBe('opened')
  expect(await opens(web, `${(await node.seal('session', bytes)).slice(0, -4)}AAAA`)).toBe('forged')
  expect(web.eventKey(web.sealingKeyId)).toEqual(node.eventKey(node.sealingKeyId))
})

describe('signatures', () => {
  test('verify under every secret of the ring, for the text and the audience that they were made for', async () => {
    const { keyId, signature } = (await ring([OLD])).sign('a place')
    expect((await ring([NEW, OLD])).hasSigned('a place', keyId, signature)).toBe(true)
    expect((await ring([OLD])).hasSigned('a placf', keyId, signature)).toBe(false)
    expect((await ring([OLD], 'another')).hasSigned('a place', keyId, signature)).toBe(false)
    expect((await ring([NEW])).hasSigned('a place', keyId, signature)).toBe(false)
  })

  test('no other signature is taken', async () => {
    const own = await ring([OLD])
    const { keyId, signature } = own.sign('a place')
    const swapped = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)
    for (const wrong of ['', swapped, signature.slice(1), `${signature}A`]) {
      expect(own.hasSigned('a place', keyId, wrong), wrong).toBe(false)
    }
    expect(own.hasSigned('a place', (await ring([NEW])).sealingKeyId, signature)).toBe(false)
  })
})
