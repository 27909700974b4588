import { expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import type { Store } from '../engine/engine.ts'
import { memoryEngine } from '../engine/memory.ts'
import { DEFAULT_LIMITS } from '../session/limits.ts'
import { createServer, definitionOf } from './server.ts'
import { Serving } from './serving.ts'

const SECRET = 'a secret of 32 bytes and a few more'

async function operationsOfAMinute(sharing: boolean): Promise<number> {
  const platform = manualPlatform()
  const store = await memoryEngine(platform).open(() => {})
  let operations = 0
  const counted = new Proxy(store, {
    get(target, name) {
      const member = target[name as keyof Store]
      if (typeof member !== 'function') return member
      operations++
      return member.bind(target)
    },
  })
  const starting = Serving.start(definitionOf(createServer({ name: 'idle', version: '1.0.0' })), {
    platform,
    engine: { open: async () => counted, close: async () => {} },
    secrets: [SECRET],
    limits: DEFAULT_LIMITS,
    report: (thrown) => {
      throw thrown
    },
    state: undefined,
    stateful: true,
    sharing: sharing ? { leaseMs: 5_000, refusesUnknown: false } : undefined,
  })
  await platform.settle()
  const serving = await starting
  await platform.pass(5_000)
  operations = 0
  await platform.pass(60_000, 100)
  const idle = operations
  await serving.close()
  return idle
}

test('an engine of its own costs an idle process nothing, a shared one three operations a second', async () => {
  // Once a minute the log is looked at for what is old enough to be trimmed.
  expect(await operationsOfAMinute(false)).toBeLessThanOrEqual(1)
  const shared = await operationsOfAMinute(true)
  expect(shared).toBeGreaterThan(60)
  expect(shared).toBeLessThan(240)
})
