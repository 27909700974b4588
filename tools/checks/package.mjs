/** The package as it would be published: its manifest, its types, and that both `import` and `require` work. */
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { need, ROOT, run } from '../run.mjs'

export const title = 'the packed package passes publint and attw; import and require work'

/**
 * What of "are the types wrong" is ignored, and why.
 *
 * `esm-only`: resolution `node10` knows no `exports`, and Node has ended its support; a CommonJS importer that TypeScript
 * sees as "node16 (from CJS)" gets this ES module by `require`, which Node does since 20.19, the oldest version in
 * `engines`. The last part of this check shows that it does.
 */
const ATTW = ['--profile', 'esm-only', '--format', 'table', '--no-emoji']

export async function check() {
  await need('tsc', ['-b'])
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-package-'))
  try {
    const packed = await need('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder])
    const [{ filename, files }] = JSON.parse(packed)
    const tarball = join(folder, filename)
    return [
      ...checkFiles(files.map(({ path }) => path)),
      ...(await tool('publint', ['run', tarball, '--strict'])),
      ...(await tool('attw', [tarball, ...ATTW])),
      ...(await checkImports(folder, tarball)),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Tests, build records, sources and what is left of an older build stay at home. */
function checkFiles(paths) {
  const odd = paths.filter(
    (path) =>
      !/^(dist\/bundle\/.*\.js|dist\/.*(?<!\.test)\.d\.ts|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/.test(path),
  )
  const missing = ['README.md', 'CHANGELOG.md', 'LICENSE', 'dist/bundle/index.js', 'dist/bundle/cli.js'].filter(
    (path) => !paths.includes(path),
  )
  const source = (path) => path.replace(/^dist\//, 'src/').replace(/\.d\.ts$/, '.ts')
  const stale = paths.filter((path) => path.endsWith('.d.ts') && !existsSync(ROOT + source(path)))
  return [
    ...stale.map((path) => `${path} is left of an older build: remove dist and build again.`),
    ...odd.map((path) => `The package has ${path}, which does not belong there.`),
    ...missing.map((path) => `The package lacks ${path}.`),
  ]
}

async function tool(command, args) {
  const { code, output } = await run(command, args, { quiet: true, env: { FORCE_COLOR: '0', NO_COLOR: '1' } })
  return code === 0 ? [] : [`${command}:\n${output}`]
}

async function checkImports(folder, tarball) {
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  await need('tar', ['-xzf', tarball, '-C', folder])
  await cp(join(folder, 'package'), join(modules, 'fairlead'), { recursive: true })
  const { dependencies, exports } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'))
  for (const name of Object.keys(dependencies)) {
    if (name.includes('/')) await mkdir(join(modules, name.split('/')[0]), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const entries = Object.keys(exports)
    .filter((entry) => !entry.endsWith('.json'))
    .map((entry) => entry.replace('.', 'fairlead'))
  const problems = []
  for (const entry of entries) {
    const required = await evaluate(folder, 'commonjs', `const entry = require('${entry}')`)
    const imported = await evaluate(folder, 'module', `import * as entry from '${entry}'`)
    if (required.problem) problems.push(`require('${entry}') fails:\n${required.problem}`)
    if (imported.problem) problems.push(`import '${entry}' fails:\n${imported.problem}`)
    if (required.names !== imported.names) problems.push(`require and import of ${entry} differ.`)
  }
  const left = (await readdir(modules)).length
  return left > 0 ? problems : ['Nothing was installed.']
}

/** Runs one line in a fresh process; what it writes to standard error counts as a problem too. */
async function evaluate(cwd, type, line) {
  const script = `${line}; console.log(Object.keys(entry).filter((name) => name !== '__esModule').sort().join())`
  const { code, output } = await run(process.execPath, [`--input-type=${type}`, '--eval', script], { cwd, quiet: true })
  const lines = output.trim().split('\n')
  return code === 0 && lines.length === 1 ? { names: lines[0] } : { problem: output }
}
