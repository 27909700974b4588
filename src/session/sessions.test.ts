import { afterEach, expect, test } from 'vitest'
import { facts } from '../../test/unit/replica.ts'
import { type SharedServing, type SharedWorld, sharedWorld } from '../../test/unit/shared-serving.ts'
import { Session } from './session.ts'

let world: SharedWorld
let one: SharedServing
let two: SharedServing
async function begin(seed: number): Promise<void> {
  world = await sharedWorld(seed)
  one = await world.start()
  two = await world.start()
  await world.platform.pass(1_000, 50)
}
afterEach(() => world.close())

async function openOn({ serving }: SharedServing, token: string): Promise<Session> {
  const session = await world.settled(serving.services.sessions.open(token, ''))
  if (!(session instanceof Session)) throw new Error(session)
  return session
}

/**
 * The engine loses its data when a change has been announced, and before it is written down; the other replica has heard
 * nothing of it, and reads what is there before the change comes again.
 */
async function lostInBetween(session: Session, seed: number, write: () => Promise<void>): Promise<void> {
  const there = await openOn(two, session.token)
  there.openStreams++
  two.engine.sever()
  const written = write()
  for (let ms = 0; ms < 200 && !(await isAnnounced()); ms++) await world.platform.pass(1)
  await world.platform.pass(seed % 8, 1)
  one.engine.sever()
  await world.data.empty()
  two.engine.heal()
  await world.platform.pass(2_000, 20)
  one.engine.heal()
  await world.settled(written)
  await world.platform.pass(3_000, 20)
  there.openStreams--
}

async function isAnnounced(): Promise<boolean> {
  const read = await world.data.store.read('cluster', 'oldest', 1_000)
  return !read.gap && read.entries.some(({ record }) => /"t":"(deleted|session)"/.test(record))
}

const seeds = Array.from({ length: 40 }, (_, at) => at + 1)

test.each(seeds)(
  'an acknowledged deletion holds though the data was lost in the middle of it (seed %i)',
  async (seed) => {
    await begin(seed)
    const { sessions } = one.serving.services
    const session = await sessions.create(facts(world.platform.now()))
    await lostInBetween(session, seed, () => sessions.delete(session))
    expect(await world.settled(two.serving.services.sessions.open(session.token, ''))).toBe('gone')
  },
)

test.each(seeds)('an acknowledged subscription holds, too (seed %i)', async (seed) => {
  await begin(seed)
  const { sessions } = one.serving.services
  const session = await sessions.create(facts(world.platform.now()))
  const subscribe = () => sessions.change(session, (entry) => ({ ...entry, subscriptions: ['test://one'] }))
  await lostInBetween(session, seed, subscribe)
  const there = await openOn(two, session.token)
  const state = await world.settled(two.serving.services.sessions.state(there))
  expect([...state.subscriptions]).toEqual(['test://one'])
})
