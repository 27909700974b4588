import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { levelIn, REQUIREMENTS, type Requirement, SERVED } from './requirements.ts'
import { WAIVED, WAIVED_MUSTS } from './waived.ts'

const ROOT = new URL('../../', import.meta.url)

interface Source {
  readonly path: string
  readonly text: string
}

let sources: Source[]
/** The ids that tests cite, with the files that do. */
const cited = new Map<string, Set<string>>()

beforeAll(async () => {
  sources = (await Promise.all(['test', 'src'].map((folder) => testsIn(folder)))).flat()
  for (const { path, text } of sources) {
    for (const [, list] of text.matchAll(/\bverifies\(([^)]*)\)/g)) {
      for (const [, id] of list!.matchAll(/'([^']+)'/g)) {
        const files = cited.get(id!) ?? new Set()
        cited.set(id!, files.add(path))
      }
    }
  }
})

async function testsIn(folder: string): Promise<Source[]> {
  const entries = await readdir(new URL(folder, ROOT), { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .filter((path) => !path.includes('/node_modules/'))
  return Promise.all(
    files.map(async (path) => ({ path: path.slice(fileURLToPath(ROOT).length), text: await readFile(path, 'utf8') })),
  )
}

/** What this server has to do in a revision that is served, and the strongest level of it there. */
function duty(requirement: Requirement): 'MUST' | 'SHOULD' | 'MAY' | undefined {
  if (requirement.side !== 'server') return undefined
  const levels = SERVED.map((revision) => levelIn(requirement, revision))
  return (['MUST', 'SHOULD', 'MAY'] as const).find((level) => levels.includes(level))
}

const uncited = (level: string) => REQUIREMENTS.filter((row) => duty(row) === level && !cited.has(row.id))

test('the manifest has every row of the checklist and of HTTP with SSE, each once', () => {
  expect(new Set(REQUIREMENTS.map(({ id }) => id)).size).toBe(REQUIREMENTS.length)
  expect(REQUIREMENTS.length).toBe(197)
  for (const { id, revisions, text, page } of REQUIREMENTS) {
    expect([id, revisions.length > 0, text.length > 10, page.length > 3]).toEqual([id, true, true, true])
  }
})

test('every MUST that applies to a served revision is cited by a test, or waived with its part', () => {
  const missing = uncited('MUST').filter(({ id }) => WAIVED_MUSTS[id] === undefined)
  expect(missing.map(({ id, text }) => `${id} ${text}`)).toEqual([])
})

test('every SHOULD and MAY that applies to a served revision is cited, or has a reason', () => {
  const missing = [...uncited('SHOULD'), ...uncited('MAY')].filter(({ id }) => WAIVED[id] === undefined)
  expect(missing.map(({ id, text }) => `${id} ${text}`)).toEqual([])
})

test('every id that a test cites exists', () => {
  const known = new Set<string>(REQUIREMENTS.map(({ id }) => id))
  expect([...cited.keys()].filter((id) => !known.has(id))).toEqual([])
})

test('nothing is waived that a test cites, that does not apply, or that has no reason', () => {
  const rows = new Map<string, Requirement>(REQUIREMENTS.map((row) => [row.id, row]))
  for (const [id, { part, reason }] of Object.entries(WAIVED_MUSTS)) {
    expect([id, duty(rows.get(id)!), cited.has(id), reason.length > 10]).toEqual([id, 'MUST', false, true])
    expect(['authorization', 'tasks']).toContain(part)
  }
  for (const [id, reason] of Object.entries(WAIVED)) {
    expect([id, ['SHOULD', 'MAY'].includes(duty(rows.get(id)!)!), cited.has(id), reason.length > 10]).toEqual([
      id,
      true,
      false,
      true,
    ])
  }
})

/** Decided when a server is defined or started, or by whoever writes the handlers: alike for both eras. */
const OF_NO_ERA: readonly string[] = ['ELIC-02', 'HTTP-04', 'CANC-04', 'TOOL-05', 'RES-07', 'SBP-04', 'AUTH-11']

test('what the modern era asks of a server is shown in that era', () => {
  const shown = (id: string) => [...(cited.get(id) ?? [])].some((path) => path.startsWith('test/modern/'))
  const missing = REQUIREMENTS.filter((row) => {
    const waived = WAIVED_MUSTS[row.id] !== undefined || WAIVED[row.id] !== undefined || OF_NO_ERA.includes(row.id)
    return row.side === 'server' && levelIn(row, '2026-07-28') !== undefined && !waived && !shown(row.id)
  })
  expect(missing.map(({ id, text }) => `${id} ${text}`)).toEqual([])
  expect(OF_NO_ERA.filter((id) => !cited.has(id as never) || shown(id))).toEqual([])
})

test('no test is skipped', () => {
  const skipped = sources.filter(({ text }) =>
    /\b(?:test|it|describe|suite)\.(?:skip|skipIf|runIf|todo|only|fails)\b/.test(text),
  )
  expect(skipped.map(({ path }) => path)).toEqual([])
})

test('the table of what is shown', () => {
  const count = (level: string) => {
    const rows = REQUIREMENTS.filter((row) => duty(row) === level)
    return { level, requirements: rows.length, cited: rows.filter(({ id }) => cited.has(id)).length }
  }
  const table = ['MUST', 'SHOULD', 'MAY'].map(count)
  console.table(table)
  for (const { level, requirements, cited: shown } of table) {
    const waived = [...Object.keys(WAIVED_MUSTS), ...Object.keys(WAIVED)].filter(
      (id) => duty(REQUIREMENTS.find((row) => row.id === id)!) === level,
    )
    expect(shown + waived.length).toBe(requirements)
  }
})
