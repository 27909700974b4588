import { describe, expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { ANONYMOUS } from './principal.ts'
import { StoredState } from './stored-state.ts'

function stored(limits: { storedBytes?: number; storedBytesPerPrincipal?: number } = {}) {
  const platform = manualPlatform()
  const state = new StoredState(platform, { storedBytes: 1_000, storedBytesPerPrincipal: 300, ...limits })
  const owner = (uid: string, principal = 'ada', life = 60_000) => ({
    uid,
    principal,
    expiresAt: platform.now() + life,
  })
  /** As a session does: asks, then notes what it has set. */
  const keep = (session: ReturnType<typeof owner>, bytes: number) => {
    state.admit(session, bytes)
    state.note(session, bytes)
  }
  return { platform, state, owner, keep }
}

describe('of one identity', () => {
  test('all its sessions together, and no others', () => {
    const { state, owner, keep } = stored()
    keep(owner('one'), 200)
    keep(owner('two'), 100)
    expect(() => keep(owner('three'), 1)).toThrow('limits.storedBytesPerPrincipal')
    keep(owner('four', 'bob'), 300)
    expect(state.bytes).toBe(600)
  })

  test('what a session sets anew counts once, and less is never refused', () => {
    const { state, owner, keep } = stored()
    keep(owner('one'), 300)
    keep(owner('one'), 300)
    expect(() => keep(owner('one'), 301)).toThrow('300 bytes')
    keep(owner('one'), 10)
    keep(owner('two'), 290)
    expect(state.bytes).toBe(300)
  })

  test('a session that has ended makes room', () => {
    const { state, owner, keep } = stored()
    keep(owner('one'), 300)
    state.forget('one')
    state.forget('one')
    keep(owner('two'), 300)
    expect(state.bytes).toBe(300)
  })

  test('strangers have no account', () => {
    const { owner, keep } = stored()
    for (let n = 0; n < 10; n++) keep(owner(`session ${n}`, ANONYMOUS), 100)
    expect(() => keep(owner('more', ANONYMOUS), 1)).toThrow('limits.storedBytes)')
  })
})

test('what has expired makes room when it is needed', async () => {
  const { platform, state, owner, keep } = stored({ storedBytesPerPrincipal: 1_000 })
  for (let n = 0; n < 10; n++) keep(owner(`session ${n}`, 'ada', 1_000), 100)
  expect(() => keep(owner('more', 'bob'), 100)).toThrow('limits.storedBytes)')
  await platform.pass(1_001)
  keep(owner('more', 'bob'), 100)
  expect(state.bytes).toBe(100)
})

test('sessions that expire leave nothing, though nobody deletes them', async () => {
  const { platform, state, owner, keep } = stored({ storedBytes: 1e9, storedBytesPerPrincipal: 1e9 })
  for (let n = 0; n < 10_000; n++) {
    keep(owner(`session ${n}`, `user ${n}`, 1_000), 1)
    await (n % 1_000 === 0 ? platform.pass(300) : undefined)
  }
  expect(state.bytes).toBeLessThan(5_000)
})
