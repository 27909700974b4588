/**
 * Every exported name is a promise, so the list of them is a file that is reviewed: `tools/exports.txt`. After a change
 * that is meant, `node tools/check.mjs --only exports --update` writes it anew.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { ROOT } from '../run.mjs'

export const title = 'the names that each entry exports are the reviewed ones'

const SNAPSHOT = fileURLToPath(new URL('../exports.txt', import.meta.url))

export async function check({ update }) {
  const current = await listExports()
  if (update) await writeFile(SNAPSHOT, current)
  const reviewed = await readFile(SNAPSHOT, 'utf8').catch(() => '')
  if (current === reviewed) return []
  const before = new Set(reviewed.split('\n'))
  const after = new Set(current.split('\n'))
  return [
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    'If that is meant: node tools/check.mjs --only exports --update',
  ]
}

/** One line per name: the entry, whether it is a value or only a type, the name. */
async function listExports() {
  const { exports } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'))
  const entries = Object.entries(exports).filter(([, target]) => typeof target === 'object')
  const files = entries.map(([, { types }]) => ROOT + types.slice(2))
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, types: [] })
  const checker = program.getTypeChecker()
  const lines = []
  for (const [at, [entry]] of entries.entries()) {
    const source = program.getSourceFile(files[at])
    const symbol = source && checker.getSymbolAtLocation(source)
    if (symbol === undefined) throw new Error(`${entry} exports nothing: is ${files[at]} built?`)
    for (const exported of checker.getExportsOfModule(symbol)) {
      const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const kind = target.flags & ts.SymbolFlags.Value ? 'value' : 'type'
      lines.push(`${entry.replace('.', 'fairlead').padEnd(24)} ${kind.padEnd(5)} ${exported.name}`)
    }
  }
  return `${lines.sort().join('\n')}\n`
}
