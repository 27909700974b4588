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
const FOR_NODE = ['./node', './express', './fastify', './redis', './stdio']

/** The packages that may be imported, and by which entries and layers: whoever uses no tokens does not load `jose`. */
const PACKAGES = {
  '@cfworker/json-schema': 'any',
  'eventsource-parser': ['./testing'],
  jose: ['./auth', 'auth'],
  redis: ['./redis'],
}

export async function check() {
  await need('npm', ['run', 'build', '--silent'])
  const { exports } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'))
  const problems = []
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target !== 'object') continue
    problems.push(...(await walk(entry, [target.default.replace('./dist/', '')], FOR_NODE.includes(entry))))
  }
  for (const layer of LAYERS.slice(0, LAYERS.indexOf(FIRST_WITH_NODE))) {
    const files = (await readdir(DIST + layer, { recursive: true })).filter((file) => file.endsWith('.js'))
    problems.push(
      ...(await walk(
        layer,
        files.map((file) => `${layer}/${file}`),
        false,
      )),
    )
  }
  const web = await run(
    process.execPath,
    ['--no-warnings', '--experimental-vm-modules', `${ROOT}tools/web-only.mjs`, DIST],
    { quiet: true },
  )
  if (web.code !== 0) problems.push(`With web globals only, fairlead/fetch does not serve.\n${web.output}`)
  return problems
}

/** Follows static and dynamic imports from file to file, for one entry or layer. */
async function walk(whose, starts, forNode) {
  const problems = []
  const seen = new Set(starts.map((start) => DIST + start))
  const allowed = (name) => PACKAGES[name] === 'any' || PACKAGES[name]?.includes(whose)
  for (const file of seen) {
    const text = await readFile(file, 'utf8')
    const imports = text.matchAll(
      /(?:^\s*(?:import|export)\b[^'"]*?\bfrom\s*|^\s*import\s*|\bimport\(\s*)['"]([^'"]+)['"]/gm,
    )
    for (const [, name] of imports) {
      if (name.startsWith('.')) seen.add(join(dirname(file), name))
      else if (name.startsWith('node:') || builtinModules.includes(name) ? !forNode : !allowed(name)) {
        problems.push(`dist/${relative(DIST, file)}, which ${whose} loads, imports ${name}.`)
      }
    }
  }
  return problems
}
