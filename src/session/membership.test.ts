import { afterEach, beforeEach, expect, test } from 'vitest'
import { LEASE_MS, type SharedServing, type SharedWorld, sharedWorld } from '../../test/unit/shared-serving.ts'

let world: SharedWorld
let one: SharedServing
let two: SharedServing
let three: SharedServing
beforeEach(async () => {
  world = await sharedWorld()
  one = await world.start()
  two = await world.start()
  three = await world.start()
  await world.platform.pass(2_000, 50)
})
afterEach(() => world.close())

const idOf = ({ serving }: SharedServing): string => serving.replica.id
const peersOf = ({ serving }: SharedServing) => serving.replica.peers!
const lostBy = ({ serving }: SharedServing): number => serving.replica.counters.replicasLost

test('a replica that falls silent is dead after a lease, for everybody, once', async () => {
  const id = idOf(one)
  one.engine.sever()
  await world.platform.pass(LEASE_MS - 1_500, 50)
  expect([peersOf(two).isDead(id), peersOf(three).isDead(id)]).toEqual([false, false])
  await world.platform.pass(2_500, 50)
  expect([peersOf(two).isDead(id), peersOf(three).isDead(id)]).toEqual([true, true])
  expect([lostBy(two), lostBy(three)]).toEqual([1, 1])
  await world.platform.pass(20_000, 50)
  expect([lostBy(two), lostBy(three)]).toEqual([1, 1])
})

test.each(Array.from({ length: 24 }, (_, at) => at * 50))(
  'one that dies %i ms later, whatever it was about to do, is dead within a lease and a second',
  async (ms) => {
    await world.platform.pass(ms, 10)
    const id = idOf(one)
    one.engine.sever()
    let tookMs = 0
    for (; !peersOf(two).isDead(id) && tookMs < 3 * LEASE_MS; tookMs += 50) await world.platform.pass(50)
    expect(tookMs).toBeGreaterThan(LEASE_MS - 1_500)
    expect(tookMs).toBeLessThanOrEqual(LEASE_MS + 1_000)
  },
)

test('cases 27 and 36: a replica that can not renew stops acting before anybody takes it for dead', async () => {
  const id = idOf(one)
  one.engine.sever()
  let stoppedAt: number | undefined
  let deadAt: number | undefined
  for (let ms = 0; ms < 10_000 && deadAt === undefined; ms += 50) {
    await world.platform.pass(50)
    if (stoppedAt === undefined && !peersOf(one).mayAct) stoppedAt = ms
    if (peersOf(two).isDead(id) || peersOf(three).isDead(id)) deadAt = ms
  }
  expect(stoppedAt).toBeLessThan(deadAt!)
})

test('one that is found dead takes a new id, and acts under that one', async () => {
  const before = idOf(one)
  one.engine.sever()
  await world.platform.pass(LEASE_MS + 2_000, 50)
  one.engine.heal()
  await world.platform.pass(3_000, 50)
  expect(idOf(one)).not.toBe(before)
  expect(one.serving.replica.isOwn(before)).toBe(true)
  expect(peersOf(one).mayAct).toBe(true)
  expect(await world.settled(peersOf(two).isAlive(idOf(one)))).toBe(true)
  expect(await world.settled(peersOf(two).isAlive(before))).toBe(false)
})

test('case 37: an outage of the engine kills nobody, however long it is', async () => {
  for (const { engine } of [one, two, three]) engine.sever()
  await world.platform.pass(60_000, 100)
  for (const { engine } of [three, one, two]) {
    engine.heal()
    await world.platform.pass(700, 50)
  }
  await world.platform.pass(20_000, 100)
  expect([one, two, three].map(lostBy)).toEqual([0, 0, 0])
  expect([one, two, three].map((each) => peersOf(each).mayAct)).toEqual([true, true, true])
})

test('case 54: an observer that is cut off itself times nobody', async () => {
  two.engine.sever()
  three.engine.sever()
  await world.platform.pass(500, 50)
  two.engine.heal()
  await world.platform.pass(2_000, 50)
  expect(lostBy(two)).toBe(0)
})

test('the data is lost: everybody is alive, and those who came later learn who is', async () => {
  await world.settled(world.data.empty())
  await world.platform.pass(1_000, 50)
  const four = await world.start()
  await world.platform.pass(20_000, 100)
  expect([one, two, three, four].map(lostBy)).toEqual([0, 0, 0, 0])
  for (const each of [one, two, three]) {
    expect(await world.settled(peersOf(four).isAlive(idOf(each)))).toBe(true)
  }
})

test('one that leaves is dead at once, and one that was never there is not alive', async () => {
  const id = idOf(one)
  await world.settled(peersOf(one).leave())
  await world.platform.pass(200, 50)
  expect(peersOf(two).isDead(id)).toBe(true)
  await world.platform.pass(LEASE_MS + 1_000, 50)
  expect(await world.settled(peersOf(two).isAlive('A'.repeat(22)))).toBe(false)
})
