/**
 * What the port promises about sizes, and about an engine that is closed.
 *
 * @module
 */
import type { Store } from '../engine.ts'
import {
  append,
  check,
  closeTwice,
  everyOperation,
  freshId,
  LONG_MS,
  readAll,
  recordsOf,
  rejects,
  same,
  within,
} from './check.ts'
import { type ContractCase, storeCase } from './harness.ts'

/** Every engine takes this much; one that can't by itself chunks inside. */
const LEAST_BYTES = 8 * 1024 * 1024

const life = { ttlMs: LONG_MS }

/** Text of so many bytes of which hardly one is like the other. */
function bulk(bytes: number): string {
  const line = Array.from({ length: 1024 }, (_, at) => String.fromCharCode(33 + ((at * 7 + (at >> 3)) % 90))).join('')
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes)
}

async function expectTooLarge(store: Store, text: string, kind: 'value' | 'record', what: string): Promise<void> {
  if (kind === 'value') await rejects(store.put('key', text, life), 'too_large', `a value of ${what}`)
  else await rejects(store.append('log', text, { ...life, id: freshId() }), 'too_large', `a record of ${what}`)
}

export const limitCases: readonly ContractCase[] = [
  storeCase('limits: values and records may have 8 MiB at least', async (store) => {
    for (const limit of ['value', 'record'] as const) {
      check(store.limits[limit] >= LEAST_BYTES, `limits.${limit} is ${store.limits[limit]}.`)
    }
  }),

  storeCase('limits: a value and a record of 8 MiB come back whole', async (store) => {
    const text = bulk(LEAST_BYTES)
    await store.put('key', text, life)
    check((await store.get('key'))?.value === text, 'The value came back changed.')
    await append(store, 'log', text)
    check(recordsOf(await readAll(store, 'log', 'birth', 'read'))[0] === text, 'The record came back changed.')
  }),

  storeCase('limits: what is larger by one byte is refused as too large, and nothing is kept of it', async (store) => {
    for (const kind of ['value', 'record'] as const) {
      await expectTooLarge(store, 'x'.repeat(store.limits[kind] + 1), kind, 'one byte too many')
    }
    same(await store.get('key'), undefined, 'get')
    same(await readAll(store, 'log', 'birth', 'read'), [], 'the entries')
  }),

  storeCase('limits: they count bytes of UTF-8, not characters', async (store) => {
    for (const kind of ['value', 'record'] as const) {
      await expectTooLarge(store, 'ä'.repeat(store.limits[kind] / 2 + 1), kind, 'too many bytes in fewer characters')
    }
    const fits = 'ä'.repeat(LEAST_BYTES / 2)
    await store.put('key', fits, life)
    check((await store.get('key'))?.value === fits, 'The value came back changed.')
  }),

  storeCase(
    'closed: every operation of a closed engine rejects with the code closed',
    async (store, harness, opened) => {
      await append(store, 'log', 'record')
      await store.put('key', 'value', life)
      await closeTwice(opened.engine)
      for (const [name, run] of everyOperation(store)) {
        await within(harness, rejects(run(), 'closed', name), name)
      }
    },
  ),
]
