/** docs/security-cases.md: every case has its row, and whatever it names exists. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT, read } from './blocks.ts'

const PAGE = 'docs/security-cases.md'
const rows = [...read(PAGE).matchAll(/^\| (\d+) \| (.+?) \| (.+) \|$/gm)].map(([, number, , shown]) => ({
  number: Number(number),
  shown: shown!,
}))

test('every case is there once, in its order', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 72 }, (_, at) => at + 1))
})

test('what shows it exists', () => {
  const named = [...read(PAGE).matchAll(/`((?:src|test|bench)\/[\w./-]+)`/g)].map(([, path]) => path!)
  expect(named.length).toBeGreaterThan(90)
  expect(named.filter((path) => !existsSync(ROOT + path))).toEqual([])
})

test('a case without a test says why', () => {
  for (const { number, shown } of rows) {
    const shows = /`(?:src|test|bench)\//.test(shown)
    const reason = /open: \S|a limit: \S|nothing is run again/.test(shown)
    expect([number, shows || reason]).toEqual([number, true])
  }
})
