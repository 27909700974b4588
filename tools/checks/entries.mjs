/**
 * What runs where Node is not: every layer above the adapters, and every entry but those that are for Node. They import
 * nothing of it, directly or through others, and `fairlead/fetch` serves a call with nothing but web globals.
 */
import { readdir, readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { need, ROOT, run } from '../run.mjs'
import { FIRST_WITH_NODE, LAYERS } from './layers.mjs'

export const title = 'the layers above the adapters, and all entries but those for Node, are free of Node'

const DIST = `${ROOT}dist/`

/** The entries whose purpose is Node. README.md has the same table. */
const FOR_NODE = ['./node', './express', './fastify', './stdio']

/** What the others may import by name; the last is for the client of the test kit. */
const PACKAGES = ['@cfworker/json-schema', 'eventsource-parser']

export async function check() {
  await need('npm', ['run', 'build', '--silent'])
  const { exports } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'))
  const starts = Object.entries(exports)
    .filter(([entry, target]) => typeof target === 'object' && !FOR_NODE.includes(entry))
    .map(([, target]) => target.default.replace('./dist/', ''))
  for (const layer of LAYERS.slice(0, LAYERS.indexOf(FIRST_WITH_NODE))) {
    const files = await readdir(DIST + layer, { recursive: true })
    starts.push(...files.filter((file) => file.endsWith('.js')).map((file) => `${layer}/${file}`))
  }
  const problems = await walk(starts.map((start) => DIST + start))
  const web = await run(
    process.execPath,
    ['--no-warnings', '--experimental-vm-modules', `${ROOT}tools/web-only.mjs`, DIST],
    { quiet: true },
  )
  if (web.code !== 0) problems.push(`With web globals only, fairlead/fetch does not serve.\n${web.output}`)
  return problems
}

/** Follows static and dynamic imports from file to file. */
async function walk(starts) {
  const problems = []
  const seen = new Set(starts)
  for (const file of seen) {
    const text = await readFile(file, 'utf8')
    const imports = text.matchAll(
      /(?:^\s*(?:import|export)\b[^'"]*?\bfrom\s*|^\s*import\s*|\bimport\(\s*)['"]([^'"]+)['"]/gm,
    )
    for (const [, name] of imports) {
      if (name.startsWith('.')) seen.add(join(dirname(file), name))
      else if (name.startsWith('node:') || builtinModules.includes(name) || !PACKAGES.includes(name)) {
        problems.push(`dist/${relative(DIST, file)} imports ${name}.`)
      }
    }
  }
  return problems
}
