import { expect, test } from 'vitest'
import { testReplica } from '../../test/unit/replica.ts'
import { appendStreamLog, readStreamLog, type StreamRecord, streamLogOf } from './stream-log.ts'

const events = (first: number): StreamRecord => ({ v: 1, t: 'events', first, last: first, text: `id: ${first}\n\n` })
const LOST: StreamRecord = { v: 1, t: 'lost', reason: 'replica_lost' }

test('whoever has not seen what another one wrote writes nothing behind it', async () => {
  const { store, replica } = await testReplica()
  const log = streamLogOf(replica.id, 1)
  const append = (record: StreamRecord, expected: string | undefined) =>
    appendStreamLog(store, log, record, { expect: expected, id: replica.tags.next(), limits: replica.limits })
  const first = await append(events(1), undefined)
  expect(first).toBeDefined()
  // Somebody decides that its owner is gone; the owner, which was only standing still, goes on.
  expect(await append(LOST, first)).toBeDefined()
  expect(await append(events(2), first)).toBeUndefined()
  expect(await append(events(1), undefined)).toBeUndefined()
  const { entries } = await readStreamLog(store, log, 'oldest')
  expect(entries.map(({ record }) => record)).toEqual([events(1), LOST])
})
