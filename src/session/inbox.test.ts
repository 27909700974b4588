import { afterEach, beforeEach, expect, test } from 'vitest'
import { type SharedServing, type SharedWorld, sharedWorld } from '../../test/unit/shared-serving.ts'
import { addressOf, Inbox, type InboxRecord } from './inbox.ts'

let world: SharedWorld
let one: SharedServing
let two: SharedServing
beforeEach(async () => {
  world = await sharedWorld()
  one = await world.start()
  two = await world.start()
})
afterEach(() => world.close())

const RECORD: InboxRecord = { v: 1, t: 'mailbox', uid: 'somebody' }

test('what is posted is taken, in its order, and removed', async () => {
  const taken: InboxRecord[] = []
  const inbox = new Inbox(
    one.serving.replica,
    (record) => taken.push(record),
    () => {},
  )
  await world.settled(inbox.open('address'))
  for (let n = 0; n < 5; n++) {
    await world.settled(two.serving.replica.peers!.post('address', { ...RECORD, uid: `${n}` }))
  }
  await world.platform.pass(500, 20)
  expect(taken).toMatchObject(Array.from({ length: 5 }, (_, n) => ({ ...RECORD, uid: `${n}` })))
  expect(await world.data.store.read('inbox/address', 'oldest', 10)).toMatchObject({ gap: false, entries: [] })
  inbox.stop()
})

test('cases 11 and 47: what its sender was told may be lost is marked as late when it comes after all', async () => {
  const taken: [string, boolean][] = []
  const inbox = new Inbox(
    one.serving.replica,
    (record, late) => taken.push([(record as { uid: string }).uid, late]),
    () => {},
  )
  await world.settled(inbox.open('address'))
  const until = world.platform.now() + 1_000
  const append = (uid: string, more: object) =>
    world.data.store.append('inbox/address', JSON.stringify({ ...RECORD, uid, id: uid, ...more }), {
      ttlMs: 60_000,
      id: uid,
    })
  await append('in time', { until })
  await world.platform.pass(500, 20)
  one.engine.sever()
  await append('late', { until })
  await append('certain', {})
  await world.platform.pass(2_000, 20)
  one.engine.heal()
  await world.platform.pass(4_000, 20)
  expect(taken).toEqual([
    ['in time', false],
    ['late', true],
    ['certain', false],
  ])
  inbox.stop()
})

test('a full inbox refuses, and says that it is for a while', async () => {
  for (let n = 0; n < 10_000; n++) {
    await world.data.store.append('inbox/full', JSON.stringify(RECORD), { ttlMs: 60_000, id: `${n}` })
  }
  await expect(world.settled(one.serving.replica.peers!.post('full', RECORD))).rejects.toMatchObject({
    code: 'unavailable',
    status: 503,
  })
})

test('an inbox that lost what was in it is sent it again, and takes nothing twice', async () => {
  const { id, counters } = one.serving.replica
  const before = counters.answersUnknown
  const answer = (tag: string): InboxRecord => {
    const response = { jsonrpc: '2.0', id: `${id}.1.${tag.repeat(22)}.0`, result: {} } as const
    return { v: 1, t: 'answer', uid: 'uid', principal: '', response }
  }
  const { peers } = two.serving.replica
  await world.settled(peers!.post(id, answer('x')))
  await world.platform.pass(200, 20)
  expect(counters.answersUnknown).toBe(before + 1)
  one.engine.sever()
  await world.settled(peers!.post(id, answer('y')))
  // All that the log held is gone, read or not.
  await world.settled(world.data.empty())
  one.engine.heal()
  await world.platform.pass(4_000, 20)
  expect(counters.answersUnknown).toBe(before + 2)
})

test('case 16: an id leads to a replica only if it is of the form that we give them', () => {
  const address = 'abcdefghijklmnopqrstu-'
  expect(addressOf(`${address}.1.tag.0`)).toBe(address)
  for (const id of ['', 'x', address, `${address}x.1`, `${'*'.repeat(22)}.1`, `../../${'a'.repeat(16)}.1`]) {
    expect(addressOf(id)).toBeUndefined()
  }
})
