/**
 * What users get besides their own code: the packages that come along, and how much each entry loads. Both grow only by
 * decision: whoever adds to them changes this file.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { need, ROOT } from '../run.mjs'

export const title = 'the packages that come along are the reviewed ones, and no entry has outgrown its budget'

/** Every package that `npm install fairlead` brings, and why. */
const PACKAGES = {
  '@cfworker/json-schema': 'validates against JSON Schema without eval, wherever fetch handlers run',
  '@standard-schema/spec': 'the types by which schema libraries are understood; no code',
  commander: 'reads the command line of the command fairlead',
  'eventsource-parser': 'reads event streams in the client of the test kit and of the command',
  jose: 'verifies tokens; loaded by fairlead/auth only',
}

/** What the user brings, if at all: engines and servers that exist there anyway. */
const PEERS = ['redis']

/** Kilobytes (1,000 bytes) that an entry loads of this package, gzipped as they are published. */
const ENTRIES = {
  '.': 40,
  './node': 135,
  './fetch': 130,
  './express': 133,
  './fastify': 133,
  './hono': 131,
  './redis': 15,
  './stdio': 100,
  './testing': 152,
  './auth': 25,
  './engine': 5,
  './engine/contract': 25,
}

export async function check() {
  await need('npm', ['run', 'build', '--silent'])
  const manifest = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'))
  return [...(await checkPackages(manifest)), ...checkPublish(manifest), ...(await checkSizes(manifest))]
}

async function checkPackages({ dependencies, peerDependencies = {} }) {
  const { packages } = JSON.parse(await readFile(`${ROOT}package-lock.json`, 'utf8'))
  const found = new Set()
  const follow = (name) => {
    if (found.has(name)) return
    found.add(name)
    for (const next of Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {})) follow(next)
  }
  for (const name of Object.keys(dependencies)) follow(name)
  const ranges = Object.entries(dependencies).filter(([, range]) => !/^\d/.test(range))
  const peers = Object.keys(peerDependencies).filter((name) => !PEERS.includes(name))
  return [
    ...[...found].filter((name) => !(name in PACKAGES)).map((name) => `${name} comes along, and nobody has said why.`),
    ...Object.keys(PACKAGES).flatMap((name) => (found.has(name) ? [] : [`${name} does not come along any more.`])),
    ...ranges.map(([name, range]) => `${name} is asked for as ${range}: releases name exact versions.`),
    ...peers.map((name) => `${name} is a peer dependency, and nobody has said why.`),
  ]
}

/** Who installs it can see where it was built (npm's provenance), once it is published from a repository. */
function checkPublish({ publishConfig = {}, license, files, scripts }) {
  const problems = []
  if (publishConfig.provenance !== true) problems.push('publishConfig.provenance is not true.')
  if (license !== 'MIT') problems.push(`The license is ${license}.`)
  if (!Array.isArray(files)) problems.push('package.json has no list of files.')
  const hooks = ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts)
  return [...problems, ...hooks.map((name) => `The script ${name} would run on every machine that installs it.`)]
}

async function checkSizes({ exports }) {
  const problems = []
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target !== 'object') continue
    const budget = ENTRIES[entry]
    const size = (await loaded(join(ROOT, target.default))) / 1_000
    if (budget === undefined) problems.push(`${entry} has no budget; it loads ${size.toFixed(1)} kB.`)
    else if (size > budget) problems.push(`${entry} loads ${size.toFixed(1)} kB, more than its ${budget} kB.`)
    else if (size < budget * 0.7)
      problems.push(`${entry} loads ${size.toFixed(1)} kB: a budget of ${budget} is too much.`)
  }
  return problems
}

/** The gzipped bytes of a file and of all of ours that it imports statically. */
async function loaded(start) {
  const files = new Set([start])
  let bytes = 0
  for (const file of files) {
    const text = await readFile(file, 'utf8')
    bytes += gzipSync(text).length
    for (const [, name] of text.matchAll(/^\s*(?:import|export)\b[^'"]*?(?:\bfrom\s*)?['"](\.[^'"]+)['"]/gm)) {
      files.add(join(dirname(file), name))
    }
  }
  return bytes
}
