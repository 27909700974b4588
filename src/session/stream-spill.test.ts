import { expect, test } from 'vitest'
import { sharedWorld } from '../../test/unit/shared-serving.ts'
import { StreamSpill } from './stream-spill.ts'

test('a replica that leaves while the engine is away lets its unwritten streams be', async () => {
  const world = await sharedWorld()
  const { serving, engine } = await world.start()
  const { replica } = serving
  const peers = replica.peers!
  const stream = { held: () => [], finalSequence: undefined, fenced: () => {} }
  const spill = new StreamSpill(replica, peers, replica.id, `stream/${replica.id}.1`, stream)
  engine.sever()
  spill.push({ first: 0, last: 0, text: 'data: {}\n\n' })
  await world.platform.pass(500, 20)
  expect(peers.spilling.has(spill)).toBe(true)
  // From here on nothing may try for ever: that would hold up all else, timers included.
  peers.stop()
  await world.platform.pass(10_000, 100)
  await spill.settled()
  expect(peers.spilling.has(spill)).toBe(false)
  spill.push({ first: 1, last: 1, text: 'data: {}\n\n' })
  await world.platform.pass(1_000, 100)
  await spill.settled()
  expect(peers.spilling.has(spill)).toBe(false)
  await world.close()
})
