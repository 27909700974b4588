/** What a shared engine asks for, and what a process without one is spared. */
import { createServer } from 'fairlead'
import { serve } from 'fairlead/node'
import { afterEach, expect, test } from 'vitest'
import { SharedData, SwitchedEngine } from './switched-engine.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const ONE = 'the first secret of the replicas here'
const TWO = 'the second secret of the replicas here'

async function start(data: SharedData | undefined, secrets: readonly string[] | undefined): Promise<void> {
  const engine = data && new SwitchedEngine(data)
  const { close } = await serve(createServer({ name: 'sharing', version: '1.0.0' }), {
    port: 0,
    signals: false,
    logger: () => {},
    ...(engine && { engine }),
    ...(secrets && { secrets }),
  })
  closing.push(() => close({ deadline: 0 }))
}

test('case 6: a shared engine without secrets is refused', async () => {
  await expect(start(new SharedData(), undefined)).rejects.toThrow(/need the same `secrets`/)
})

test('case 6: other secrets than those of the other replicas are refused, the same ones are not', async () => {
  const data = new SharedData()
  await start(data, [ONE])
  await start(data, [ONE])
  await expect(start(data, [TWO])).rejects.toThrow(/give all of them the same `secrets`/)
  await start(data, [ONE])
})

test('case 5: a secret is exchanged in three deploys', async () => {
  const data = new SharedData()
  for (const secrets of [[ONE], [ONE, TWO], [TWO, ONE], [TWO]]) await start(data, secrets)
})

test('case 6: of two that start at once with different secrets one is refused', async () => {
  const data = new SharedData()
  const outcomes = await Promise.allSettled([start(data, [ONE]), start(data, [TWO])])
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('case 44: a lease too short for a pause of the process is refused', async () => {
  const server = createServer({ name: 'sharing', version: '1.0.0' })
  await expect(serve(server, { port: 0, signals: false, session: { lease: 200 } })).rejects.toThrow(/session\.lease/)
})

test('an idle replica renews its lease and says that it is there, and does nothing else', async () => {
  const data = new SharedData()
  await start(data, [ONE])
  await new Promise((resolve) => setTimeout(resolve, 500))
  const before = data.operations
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  // Two heartbeats and one renewal a second.
  expect(data.operations - before).toBeGreaterThanOrEqual(4)
  expect(data.operations - before).toBeLessThanOrEqual(8)
})
