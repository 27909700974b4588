/**
 * The layers hold because the compiler refuses what breaks them. This shows that it does: in a copy, a file in every
 * layer imports from the layer that follows it, and one in every pure layer imports and names things of Node.
 */
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, run } from '../run.mjs'

export const title = 'the compiler refuses an import upwards, and Node above the adapters'

/** Each imports only from those before it. */
export const LAYERS = [
  'wire',
  'engine',
  'engines',
  'session',
  'call',
  'server',
  'auth',
  'http',
  'adapters',
  'testing',
  'cli',
]

/** The first layer that may know Node. */
export const FIRST_WITH_NODE = 'adapters'

/** A module of each layer that exists as long as the layer does. */
const SAMPLE = {
  engine: 'engine',
  engines: 'redis/redis-engine',
  session: 'session',
  call: 'call',
  server: 'server',
  auth: 'authenticate',
  http: 'endpoint',
  adapters: 'node',
  testing: 'connect',
  cli: 'version',
}

export async function check() {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-layers-'))
  try {
    return [...(await checkReferences()), ...(await checkRefusals(folder))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A layer that may import from a later one would make the two one. */
async function checkReferences() {
  const problems = []
  const folders = (await readdir(`${ROOT}src`, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  for (const { name } of folders) {
    if (!LAYERS.includes(name))
      problems.push(`src/${name} is no layer: add it to tools/checks/layers.mjs in its place.`)
  }
  for (const [at, layer] of LAYERS.entries()) {
    const { references = [] } = JSON.parse(await readFile(`${ROOT}src/${layer}/tsconfig.json`, 'utf8'))
    for (const { path } of references) {
      const below = LAYERS.indexOf(path.replace('../', ''))
      if (below === -1 || below >= at)
        problems.push(`src/${layer}/tsconfig.json refers to ${path}, which is not below.`)
    }
  }
  return problems
}

async function checkRefusals(folder) {
  // The build so far comes along, so that the compiler only looks at what was added.
  for (const part of ['src', 'dist', 'tsconfig.base.json', 'tsconfig.json', 'package.json']) {
    await cp(ROOT + part, join(folder, part), { recursive: true, preserveTimestamps: true })
  }
  await symlink(`${ROOT}node_modules`, join(folder, 'node_modules'))
  const expected = []
  const add = async (layer, file, text, code) => {
    await writeFile(join(folder, 'src', layer, file), text)
    expected.push({ where: `src/${layer}/${file}`, code })
  }
  for (const [at, layer] of LAYERS.entries()) {
    const next = LAYERS[at + 1]
    if (next !== undefined) {
      const text = `import * as upwards from '../${next}/${SAMPLE[next]}.ts'\nexport const used: unknown = upwards\n`
      await add(layer, 'refused-upwards.ts', text, 'TS6307')
    }
    if (at < LAYERS.indexOf(FIRST_WITH_NODE)) {
      await add(layer, 'refused-module.ts', "export { readFileSync } from 'node:fs'\n", 'TS2591')
      await add(layer, 'refused-global.ts', 'export const used: unknown = process.env\n', 'TS2591')
    }
  }
  const { output } = await run('tsc', ['-b', '--pretty', 'false'], { cwd: folder, quiet: true })
  return expected
    .filter(({ where, code }) => !output.split('\n').some((line) => line.startsWith(where) && line.includes(code)))
    .map(({ where, code }) => `The compiler let ${where} pass; it should say ${code}.\n${output.slice(0, 2000)}`)
    .slice(0, 3)
}
