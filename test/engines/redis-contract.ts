/**
 * The contract suite on one kind of deployment, with every client.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ContractCase,
  type EngineHarness,
  engineContract,
  missingAbilities,
  runModel,
} from '../../src/engine/contract.ts'
import { clientKinds, newestKinds } from './clients.ts'
import { Deployment, type DeploymentKind } from './deployment.ts'
import { redisHarness } from './redis-harness.ts'

/** Everything at once, or megabytes, keep one machine busy: what is slow then is not broken. */
const BUSY = { timeoutMs: 10_000 }
/** A client of a cluster needs longer to find its way again. */
const ALONE = { single: { timeoutMs: 1_500 }, cluster: { timeoutMs: 2_000 } }

const OPERATIONS = 1_000

/** Megabytes at once would hold up everybody else. */
const HEAVY = /^limits:/

/** Half a second decides in these cases, so that nothing else runs beside them. */
const TIMED = /: time counts from /

export function redisContract(kind: DeploymentKind): void {
  let shared: Deployment
  beforeAll(async () => {
    shared = await Deployment.start(kind)
  })
  afterAll(() => shared?.stop())

  for (const client of clientKinds) {
    describe.concurrent(client.name, () => {
      const harness = (): EngineHarness => redisHarness(client, shared, BUSY)
      for (const { name, needs, run } of engineContract) {
        if (needs === undefined && !HEAVY.test(name) && !TIMED.test(name)) test(name, () => run(harness()))
      }

      test(`${OPERATIONS} random operations against the model`, async ({ annotate }) => {
        const seed = Date.now() % 1_000_000
        await annotate(`seed ${seed}`)
        const counts = await runModel(harness(), { seed, operations: OPERATIONS })
        expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(OPERATIONS)
      })
    })
  }

  // A cluster needs its time to be disturbed.
  for (const client of kind === 'single' ? clientKinds : newestKinds()) {
    describe(`${client.name}, disturbed`, () => {
      let own: Deployment
      beforeAll(async () => {
        own = await Deployment.start(kind)
      })
      afterAll(() => own?.stop())

      test('every disturbance can be caused', () => {
        expect(missingAbilities(redisHarness(client, own, ALONE[kind]))).toEqual([])
      })
      for (const { name, needs, run } of engineContract) {
        if (needs !== undefined) test(name, () => run(redisHarness(client, own, ALONE[kind])))
        if (HEAVY.test(name)) test(name, () => run(redisHarness(client, own, BUSY)))
      }
    })
  }

  // Behind tests that run one after the other, so that those at once above are over.
  describe.concurrent('time', () => {
    for (const client of clientKinds) {
      for (const { name, run } of engineContract) {
        if (TIMED.test(name)) test(`${client.name}: ${name}`, () => run(redisHarness(client, shared, BUSY)))
      }
    }
  })

  test('every case has its place', () => {
    const places = ({ name, needs }: ContractCase): number =>
      Number(needs !== undefined) + Number(HEAVY.test(name)) + Number(TIMED.test(name))
    expect(engineContract.filter((each) => places(each) > 1)).toEqual([])
    expect(engineContract.filter(({ name }) => TIMED.test(name)).length).toBe(2)
  })
}
