import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MODES, PROBES, probe } from './probes.ts'

/** The rows of the table in docs/flags.md: the cells after the first one, by the first one. */
function readTable(): Map<string, string[]> {
  const text = readFileSync(new URL('../../docs/flags.md', import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  const rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return new Map(rows.slice(2).map(([first, ...cells]) => [first!, cells]))
}

const table = readTable()

test('the table has a row for every probe, and no other', () => {
  expect([...table.keys()]).toEqual(Object.keys(PROBES))
})

describe('each row of docs/flags.md says what happens', () => {
  test.each(Object.entries(PROBES))('%s', async (name, find) => {
    // One server per mode, side by side: most rows wait more than they work.
    const seen = await Promise.all(MODES.map((mode) => probe(mode, find)))
    expect(seen).toEqual(table.get(name))
  })
})
