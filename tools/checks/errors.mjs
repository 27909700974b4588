/** Every error code is explained to users, with the numbers that it really has, and nothing else is. */
import { readFile } from 'node:fs/promises'
import { ROOT } from '../run.mjs'

export const title = 'docs/errors.md and src/wire/errors.ts agree in both directions'

export async function check() {
  const { ERRORS } = await import(new URL('../../dist/wire/errors.js', import.meta.url).href)
  const text = await readFile(`${ROOT}docs/errors.md`, 'utf8')
  const rows = new Map()
  for (const [, code, rpc, status] of text.matchAll(/^\| `([a-z_]+)` \| (-?\d+) \| (\d{3}) \|/gm)) {
    rows.set(code, { rpc: Number(rpc), status: Number(status) })
  }
  const modern = new Map()
  for (const [, code, status] of text.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|$/gm)) modern.set(code, Number(status))
  const problems = []
  for (const [code, { rpc, status }] of Object.entries(ERRORS)) {
    const row = rows.get(code)
    if (row === undefined) problems.push(`docs/errors.md does not explain ${code}.`)
    else if (row.rpc !== rpc || row.status !== status) {
      problems.push(`docs/errors.md gives ${code} as ${row.rpc} and ${row.status}; it is ${rpc} and ${status}.`)
    }
  }
  for (const [code, { modernStatus }] of Object.entries(ERRORS)) {
    if (modern.get(code) !== modernStatus) {
      problems.push(`docs/errors.md gives ${code} ${modern.get(code)} in 2026-07-28; it is ${modernStatus}.`)
    }
  }
  for (const code of rows.keys()) {
    if (!(code in ERRORS)) problems.push(`docs/errors.md explains ${code}, which does not exist.`)
  }
  return problems
}
