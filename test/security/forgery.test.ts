/**
 * Everything that leaves the server sealed or signed, altered in every way that a stranger can think of. TRAPS B1 7, and
 * its test plan: "every bit of 1,000 tokens, cross-purpose and cross-user".
 */
import { randomBytes, randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodePlatform } from '../../src/adapters/node-platform.ts'
import type { Journal } from '../../src/call/journal.ts'
import { readAddress, writeAddress } from '../../src/call/parked-address.ts'
import { type Origin, openState, sealState } from '../../src/call/request-state.ts'
import {
  readEventId,
  requestEventBegin,
  requestEventId,
  requestEventMiddle,
  sessionEventId,
} from '../../src/session/event-id.ts'
import { KeyRing, type Purpose } from '../../src/session/key-ring.ts'
import type { Replica } from '../../src/session/replica.ts'
import { Session } from '../../src/session/session.ts'
import { encodeFacts, type SessionFacts } from '../../src/session/session-id.ts'
import { decodeBase64url, encodeBase64url } from '../../src/wire/base64url.ts'
import { revisionNamed } from '../../src/wire/revision.ts'
import { newSession, testReplica } from '../unit/replica.ts'

const PURPOSES: readonly Purpose[] = ['session', 'connection', 'cursor', 'request-state']
const TOKENS = 320
const TIMEOUT_MS = 300_000

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'

const tried: Record<string, number> = {}
let accepted = 0

let ring: KeyRing
let foreign: KeyRing
let otherServer: KeyRing
beforeAll(async () => {
  const secret = 'the secret of this server, 32 bytes'
  ring = await KeyRing.create(nodePlatform, 'server', [secret, 'an older secret of the same server, too'])
  foreign = await KeyRing.create(nodePlatform, 'server', ['a secret that somebody else has made up'])
  otherServer = await KeyRing.create(nodePlatform, 'another server', [secret])
})

afterAll(() => {
  const sum = Object.values(tried).reduce((total, count) => total + count, 0)
  console.table({ ...tried, 'in all': sum, accepted })
  expect(sum).toBeGreaterThanOrEqual(2_000_000)
})

async function refused(kind: string, purpose: Purpose, token: string): Promise<void> {
  tried[kind] = (tried[kind] ?? 0) + 1
  if (typeof (await ring.open(purpose, token)) === 'string') return
  accepted++
  expect.fail(`${kind}: ${purpose} ${token}`)
}

function facts(n: number, principal: string): SessionFacts {
  return {
    uid: encodeBase64url(randomBytes(16)),
    birth: '',
    expiresAt: Date.now() + 1_000_000,
    revision: revisionNamed('2025-11-25')!,
    capabilities: n % 64,
    client: { name: `client ${n}`, version: '1.0.0' },
    principal,
    extensions: '',
  }
}

const PRINCIPALS = ['', encodeBase64url(randomBytes(16)), encodeBase64url(randomBytes(16))]

describe('case 7: sealed tokens', () => {
  test.each(PURPOSES)(
    '%s: every bit flipped, cut, lengthened, put together anew, and for another purpose',
    async (purpose) => {
      let before: string | undefined
      for (let n = 0; n < TOKENS; n++) {
        const token = await ring.seal(purpose, encodeFacts(facts(n, PRINCIPALS[n % 3]!)))
        expect(typeof (await ring.open(purpose, token))).toBe('object')
        const [format, keyId, day, text] = token.split('.') as [string, string, string, string]
        const head = `${format}.${keyId}.${day}.`
        const body = decodeBase64url(text)!
        for (let bit = 0; bit < body.length * 8; bit++) {
          const altered = body.slice()
          altered[bit >> 3]! ^= 1 << (bit & 7)
          await refused('bits of sealed tokens', purpose, head + encodeBase64url(altered))
        }
        for (const length of [0, 1, 27, 28, body.length - 16, body.length - 1]) {
          await refused('cut or lengthened', purpose, head + encodeBase64url(body.slice(0, length)))
        }
        for (const tail of ['A', '=', '.', ' ', '.A', '%00', text])
          await refused('cut or lengthened', purpose, token + tail)
        for (const other of ['', 'f0', 'f2', 'F1']) await refused('heads', purpose, `${other}.${keyId}.${day}.${text}`)
        for (const other of ['', 'AAAAAA', keyId.toLowerCase().replace(/^./, '_')]) {
          if (other !== keyId) await refused('heads', purpose, `${format}.${other}.${day}.${text}`)
        }
        for (const other of ['', '0', `${day}0`, (Number.parseInt(day, 36) + 1).toString(36)]) {
          await refused('heads', purpose, `${format}.${keyId}.${other}.${text}`)
        }
        for (const other of PURPOSES) if (other !== purpose) await refused('other purposes', other, token)
        if (before !== undefined) {
          const half = decodeBase64url(before.split('.')[3]!)!
          const mixed = Uint8Array.from([...half.subarray(0, 40), ...body.subarray(40)])
          await refused('halves of two', purpose, head + encodeBase64url(mixed))
        }
        before = token
        await refused('of another secret', purpose, await foreign.seal(purpose, encodeFacts(facts(n, ''))))
        await refused('of another server', purpose, await otherServer.seal(purpose, encodeFacts(facts(n, ''))))
      }
    },
    TIMEOUT_MS,
  )

  test(
    'characters that decode to the same bytes do not make a second spelling',
    async () => {
      for (let n = 0; n < 200; n++) {
        const token = await ring.seal('session', randomBytes(20 + (n % 3)))
        const last = token.at(-1)!
        for (const other of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=') {
          if (other !== last) await refused('last characters', 'session', token.slice(0, -1) + other)
        }
      }
    },
    TIMEOUT_MS,
  )
})

describe('case 23: event ids', () => {
  const sessions: Session[] = []
  beforeAll(async () => {
    for (let n = 0; n < 30; n++) {
      const own = facts(n, PRINCIPALS[n % 3]!)
      sessions.push(new Session(own, await ring.seal('session', encodeFacts(own)), ring.eventKey(ring.sealingKeyId)))
    }
  })

  function idsOf(session: Session): string[] {
    const begin = requestEventBegin(encodeBase64url(randomBytes(16)))
    const key = session.requestEventKey(begin)
    const ids: string[] = []
    for (const requestId of [1, 'abc', 'with spaces and ü', 2 ** 40]) {
      const middle = requestEventMiddle(randomInt(1_000_000), requestId)
      for (const sequence of [0, 7, 123_456]) {
        ids.push(
          requestEventId(key, begin, middle, sequence, false),
          requestEventId(key, begin, middle, sequence, true),
        )
      }
    }
    const place = { mailbox: 'ab.1-0', cluster: 'cd.17-3', catalogue: 'xyz' }
    const positions = [place, { ...place, mailbox: '' }].map(({ mailbox, ...rest }) => ({
      ...rest,
      mailbox: mailbox.replaceAll('.', ''),
      cluster: rest.cluster.replaceAll('.', ''),
    }))
    for (const position of positions) ids.push(sessionEventId(session.eventKey, { ...position, sequence: 4 }))
    return ids
  }

  function refusedEvent(kind: string, session: Session, id: string): void {
    tried[kind] = (tried[kind] ?? 0) + 1
    if (readEventId(session.eventKey, id) === undefined) return
    accepted++
    expect.fail(`${kind}: ${id}`)
  }

  test(
    'every character exchanged, cut, lengthened, and of every other session',
    () => {
      for (const [at, session] of sessions.entries()) {
        for (const id of idsOf(session)) {
          expect(readEventId(session.eventKey, id)).toBeDefined()
          for (let place = 0; place < id.length; place++) {
            for (let n = 0; n < 12; n++) {
              const other = ALPHABET[randomInt(ALPHABET.length)]!
              if (other === id[place]) continue
              refusedEvent('characters of event ids', session, id.slice(0, place) + other + id.slice(place + 1))
            }
            refusedEvent('event ids cut', session, id.slice(0, place))
          }
          for (const tail of ['A', '.', 'f', ' ', id]) refusedEvent('event ids lengthened', session, id + tail)
          for (const [index, other] of sessions.entries()) {
            if (index !== at) refusedEvent('event ids of other sessions', other, id)
          }
        }
      }
    },
    TIMEOUT_MS,
  )

  test(
    'made up, with the right form',
    () => {
      for (let n = 0; n < 400_000; n++) {
        const session = sessions[n % sessions.length]!
        const signature = encodeBase64url(randomBytes(8))
        refusedEvent('event ids made up', session, `r.${'A'.repeat(22)}.1.n1.${n}.${signature}`)
      }
    },
    TIMEOUT_MS,
  )
})

describe('case 15: ask ids', () => {
  test(
    'guessed, altered, and the right ones from other sessions and other people',
    async () => {
      const on = await testReplica()
      const [own, other] = [await newSession(on), await newSession(on)]
      const asked: string[] = []
      const route = { sendAsk: (_: string, id: string | undefined) => void (id !== undefined && asked.push(id)) }
      const options = { timeoutMs: 600_000, maxTimeoutMs: 600_000 }
      const answers = Array.from({ length: 10 }, () => on.asks.ask(own, 1, route, 'roots/list', {}, options))
      const { uid, principal } = own.facts
      const refusedAnswer = (kind: string, id: string, session = uid, who = principal): void => {
        tried[kind] = (tried[kind] ?? 0) + 1
        if (!on.asks.take(session, who, { jsonrpc: '2.0', id, result: {} })) return
        accepted++
        expect.fail(`${kind}: ${id}`)
      }
      for (const id of asked) {
        refusedAnswer('ask ids from elsewhere', id, other.facts.uid)
        refusedAnswer('ask ids from elsewhere', id, uid, PRINCIPALS[1])
        for (let place = 0; place < id.length; place++) {
          for (const character of ALPHABET) {
            if (character !== id[place]) {
              refusedAnswer('characters of ask ids', id.slice(0, place) + character + id.slice(place + 1))
            }
          }
        }
        const [replica, call] = id.split('.')
        for (let n = 0; n < 10_000; n++) {
          refusedAnswer('ask ids made up', `${replica}.${call}.${encodeBase64url(randomBytes(16))}.0`)
        }
      }
      for (const id of asked) expect(on.asks.take(uid, principal, { jsonrpc: '2.0', id, result: {} })).toBe(true)
      await Promise.all(answers)
      for (const id of asked) refusedAnswer('ask ids a second time', id)
    },
    TIMEOUT_MS,
  )
})

describe('case 41: requestState', () => {
  test(
    'on another request, of another principal, for another version: each combination',
    async () => {
      const replica = { ring, platform: nodePlatform } as unknown as Replica
      const values = {
        principal: PRINCIPALS,
        method: ['tools/call', 'prompts/get', 'resources/read'],
        params: [{ name: 'a' }, { name: 'a', arguments: {} }, { name: 'a', arguments: { x: 1 } }, { name: 'b' }],
        version: ['1.0.0', '1.0.1'],
      }
      const origins: Origin[] = []
      for (const principal of values.principal) {
        for (const method of values.method) {
          for (const params of values.params) {
            for (const version of values.version) {
              origins.push({ principal, method, params, version, text: JSON.stringify({ method, params }) })
            }
          }
        }
      }
      for (const [at, origin] of origins.entries()) {
        const journal: Journal = { callId: `call ${at}`, answers: [], steps: {}, open: [] }
        const text = await sealState(replica, origin, { journal, round: 1, expiresAt: Date.now() + 60_000 })
        expect((await openState(replica, origin, text)).round).toBe(1)
        for (const [index, other] of origins.entries()) {
          if (index === at) continue
          tried['requestState on another request'] = (tried['requestState on another request'] ?? 0) + 1
          await expect(openState(replica, other, text)).rejects.toMatchObject({ code: 'request_state_invalid' })
        }
      }
    },
    TIMEOUT_MS,
  )

  test(
    'the address of a parked call: every character exchanged, and for another request',
    () => {
      const replica = { ring, platform: nodePlatform } as unknown as Replica
      const origin = { principal: PRINCIPALS[1]!, method: 'tools/call', params: {}, version: '1.0.0', text: '{}' }
      const others = [
        { ...origin, principal: PRINCIPALS[2]! },
        { ...origin, principal: '' },
        { ...origin, method: 'prompts/get' },
        { ...origin, version: '1.0.1' },
      ]
      const refusedAddress = (kind: string, state: string, as = origin): void => {
        tried[kind] = (tried[kind] ?? 0) + 1
        let read: unknown
        try {
          read = readAddress(replica, as, state)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'request_state_invalid' })
          return
        }
        accepted++
        expect.fail(`${kind}: ${state} ${JSON.stringify(read)}`)
      }
      for (let n = 0; n < 20; n++) {
        const [at, tag] = [encodeBase64url(randomBytes(16)), encodeBase64url(randomBytes(16))]
        const state = writeAddress(replica, origin, { replica: at, tag, round: 1, expiresAt: Date.now() + 60_000 })
        expect(readAddress(replica, origin, state)).toMatchObject({ replica: at, tag, round: 1 })
        for (let place = 0; place < state.length; place++) {
          for (const character of ALPHABET) {
            if (character !== state[place]) {
              refusedAddress('characters of addresses', state.slice(0, place) + character + state.slice(place + 1))
            }
          }
          refusedAddress('addresses cut', state.slice(0, place))
        }
        for (const other of others) refusedAddress('addresses on another request', state, other)
      }
    },
    TIMEOUT_MS,
  )
})
