import { expect, test } from 'vitest'
import { Keys, PARTITIONS } from './keys.ts'

const keys = new Keys('fairlead')
const tagOf = (key: string): string => /^\{([^}]*)\}/.exec(key)![1]!

test('all keys of an operation have the hash tag of its epoch', () => {
  for (const name of ['session/1', 'a', '', '{b}', '}', 'ä😀']) {
    const tag = tagOf(keys.epochOf(name))
    const touched = [keys.row(name), keys.entries(name), keys.head(name), keys.done('append', name, 'id')]
    expect(touched.map(tagOf)).toEqual([tag, tag, tag, tag])
    expect(new Set(touched).size).toBe(4)
  }
})

test('names spread evenly over all partitions', () => {
  const counts = new Map<string, number>()
  for (let at = 0; at < 64_000; at++) {
    const tag = keys.epochOf(`session/${at.toString(36)}`)
    counts.set(tag, (counts.get(tag) ?? 0) + 1)
  }
  expect(counts.size).toBe(PARTITIONS)
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(250)
})

test('what remembers an operation is of one name and one id', () => {
  expect(keys.done('append', 'a:b', 'c').split('}')[1]).not.toBe(keys.done('append', 'a', 'b:c').split('}')[1])
  expect(keys.done('append', 'a', 'b')).not.toBe(keys.done('put', 'a', 'b'))
})

test('a prefix with braces would be the hash tag', () => {
  expect(() => new Keys('{a}')).toThrow(TypeError)
})
