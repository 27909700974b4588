/**
 * `lease/<replica>`: whether a replica is alive. It does not lapse by itself: whoever hears nothing of a replica for the
 * time of a lease writes it down as dead, and from then on that is decided. So an outage of the engine kills nobody,
 * and nobody dies twice.
 *
 * @module
 */
import { ABSENT, type Store } from '../engine/engine.ts'

interface Lease {
  readonly v: 1
  readonly state: 'alive' | 'dead'
}

const KEY = 'lease/'

/** Long after anything that could still ask for this replica. */
const TTL_MS = 24 * 60 * 60_000

export async function readLease(
  store: Store,
  replica: string,
): Promise<{ readonly state: Lease['state']; readonly version: string } | undefined> {
  const row = await store.get(KEY + replica)
  return row && { state: (JSON.parse(row.value) as Lease).state, version: row.version }
}

/** @param expect the version that the entry must have; `undefined`: it must be absent. */
export async function writeLease(
  store: Store,
  replica: string,
  state: Lease['state'],
  version: string,
  expect: string | undefined,
): Promise<boolean> {
  const value = JSON.stringify({ v: 1, state } satisfies Lease)
  return (await store.put(KEY + replica, value, { ttlMs: TTL_MS, expect: expect ?? ABSENT, version })) !== 'conflict'
}
