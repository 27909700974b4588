/**
 * Puts what `tsc -b` has written into few files: one per entry of package.json and one per part that entries share. A
 * process spends most of its start on finding and reading modules one by one (`npm run bench -- --only start`).
 *
 * What is an entry stands in package.json: `default` is the file that is written here, `types` lies beside the module that
 * it is written from. Other packages stay outside, names stay readable.
 *
 * @module
 */
import { chmod, readFile, rm } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = './dist/bundle/'
const CLI = 'dist/cli/main.js'

const { exports, bin } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8'))
const nameOf = (file) => file.slice(FOLDER.length).replace(/\.js$/, '')
const input = { [nameOf(bin.fairlead)]: CLI }
for (const target of Object.values(exports)) {
  if (typeof target === 'object') input[nameOf(target.default)] = target.types.replace(/\.d\.ts$/, '.js')
}

const bundle = await rolldown({
  cwd: ROOT,
  input,
  external: (id) => !id.startsWith('.') && !isAbsolute(id),
  platform: 'neutral',
})
// What an older build has left must not be shipped.
await rm(ROOT + FOLDER, { recursive: true, force: true })
await bundle.write({ dir: FOLDER, format: 'esm', chunkFileNames: '[name].js' })
await bundle.close()
// npm does this once, when it installs; a file that is built again has to stay a command.
await chmod(ROOT + bin.fairlead, 0o755)
