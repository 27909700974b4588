/**
 * `secrets`: which secrets the replicas on an engine use, by the ids that every sealed token shows anyway. A replica
 * with none of them could open no session of the others, and would answer 404 to their clients.
 *
 * @module
 */
import { ABSENT, type Store } from '../engine/engine.ts'
import type { KeyRing } from './key-ring.ts'

interface SecretsEntry {
  readonly v: 1
  readonly keys: readonly string[]
}

const KEY = 'secrets'

/** Renewed by every replica, so that it is gone soon after the last one: then any secrets may follow. */
const TTL_MS = 60_000
export const SECRETS_RENEW_MS = 15_000

/**
 * @throws {Error} when the replicas on this engine have no secret in common with this one.
 */
export async function checkSecrets(store: Store, ring: KeyRing): Promise<void> {
  for (;;) {
    const row = await store.get(KEY)
    const known = row && (JSON.parse(row.value) as SecretsEntry).keys
    if (known !== undefined && !known.some((key) => ring.keyIds.includes(key))) {
      throw new Error(
        'The secrets of this replica are not those of the other replicas on the same engine: give all of them the same ' +
          '`secrets`. To change them, put the new one behind the old one everywhere first, then in front of it.',
      )
    }
    if (await announceSecrets(store, ring, row?.version ?? ABSENT)) return
  }
}

/** Says which secrets are in use. `false`: somebody else said so at the same time. */
export async function announceSecrets(store: Store, ring: KeyRing, expect?: string): Promise<boolean> {
  const value = JSON.stringify({ v: 1, keys: ring.keyIds } satisfies SecretsEntry)
  return (await store.put(KEY, value, { ttlMs: TTL_MS, ...(expect !== undefined && { expect }) })) !== 'conflict'
}
