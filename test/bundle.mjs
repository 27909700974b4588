/**
 * Programs of the tests that are written in TypeScript, as JavaScript in a folder of their own.
 *
 * @module
 */
import { rolldown } from 'rolldown'

/**
 * @param {string} root where the paths of `input` begin
 * @param {Record<string, string>} input entries by the name of their file
 * @param {string} folder where the files go
 */
export async function bundle(root, input, folder) {
  const built = await rolldown({ cwd: root, input, platform: 'node', logLevel: 'silent' })
  await built.write({ dir: folder, format: 'esm', entryFileNames: '[name].js' })
  await built.close()
}
