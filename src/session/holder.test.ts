import { expect, test } from 'vitest'
import { testReplica } from '../../test/unit/replica.ts'
import { Hold, readHolder } from './holder.ts'

const fresh = (): string => 'birth'

test('of two connections the one that claimed last has the stream, and the other one notices before it sends', async () => {
  const { replica, store } = await testReplica()
  const older = new Hold(replica, 'uid')
  const newer = new Hold(replica, 'uid')
  await older.claim(fresh)
  expect(await older.advance('1')).toBe(true)
  expect((await newer.claim((delivered) => delivered ?? 'birth'))?.connection).toBe(older.connection)
  expect(await older.advance('2')).toBe(false)
  await older.release('2')
  expect((await readHolder(store, 'uid'))?.holder).toMatchObject({ connection: newer.connection, delivered: '1' })
  expect(await newer.advance('2')).toBe(true)
})

test('of many that claim at once one has the stream', async () => {
  const { replica } = await testReplica()
  const all = Array.from({ length: 20 }, () => new Hold(replica, 'uid'))
  await Promise.all(all.map((hold) => hold.claim(fresh)))
  const held = await Promise.all(all.map((hold) => hold.advance('1')))
  expect(held.filter((has) => has)).toHaveLength(1)
})
