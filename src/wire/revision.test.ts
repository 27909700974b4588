import { expect, test } from 'vitest'
import { ASSUMED, FIRST, LATEST, REVISIONS, revisionNamed, SUPPORTED } from './revision.ts'

test('the revisions are found by their names, newest first', () => {
  expect(SUPPORTED).toEqual(['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])
  for (const name of SUPPORTED) expect(revisionNamed(name)?.name).toBe(name)
  expect([...SUPPORTED].sort().reverse()).toEqual(SUPPORTED)
})

test.each(['', '2024-10-07', '2025-11-26', '2026-07-29', '2025-11-25 ', 'latest', '__proto__', 'constructor'])(
  'the revision %j is not served',
  (name) => {
    expect(revisionNamed(name)).toBeUndefined()
  },
)

test('a request that says nothing is of the revision before the header', () => {
  expect(ASSUMED.name).toBe('2025-03-26')
  expect(LATEST.name).toBe('2025-11-25')
  expect(FIRST.name).toBe('2024-11-05')
})

/** The changelogs of the specification, feature by feature. */
test.each([
  ['batches', ['2024-11-05', '2025-03-26']],
  ['toolAnnotations', ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28']],
  ['audio', ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28']],
  ['progressMessage', ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28']],
  ['completions', ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28']],
  ['versionHeader', ['2025-06-18', '2025-11-25', '2026-07-28']],
  ['primingEvent', ['2025-11-25']],
  ['closesConnections', ['2025-11-25']],
  ['invalidArgumentsAreResults', ['2025-11-25', '2026-07-28']],
  ['samplingParts', ['2025-11-25', '2026-07-28']],
  ['structured', ['2025-06-18', '2025-11-25', '2026-07-28']],
  ['icons', ['2025-11-25', '2026-07-28']],
  ['itemMeta', ['2025-06-18', '2025-11-25', '2026-07-28']],
  ['elicitationIds', ['2025-11-25']],
  ['logsUnasked', ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']],
  ['cacheHints', ['2026-07-28']],
  ['anyStructure', ['2026-07-28']],
] as const)('%s: %j', (feature, having) => {
  const found = REVISIONS.filter((revision) => revision[feature]).map(({ name }) => name)
  expect(found.sort()).toEqual(having)
})

test('elicitation came with 2025-06-18 and its modes with 2025-11-25', () => {
  expect(REVISIONS.map(({ elicitation }) => elicitation)).toEqual(['modes', 'modes', 'form', false, false])
})

test('the eras differ in how they ask, and in where extensions are declared', () => {
  const facts = REVISIONS.map(({ name, era, asks, extensions }) => [name, era, asks, extensions])
  expect(facts).toEqual([
    ['2026-07-28', 'modern', 'rounds', 'extensions'],
    ['2025-11-25', 'legacy', 'requests', 'experimental'],
    ['2025-06-18', 'legacy', 'requests', 'experimental'],
    ['2025-03-26', 'legacy', 'requests', 'experimental'],
    ['2024-11-05', 'legacy', 'requests', 'experimental'],
  ])
})
