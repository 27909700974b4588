/**
 * Lockfiles are shared by everybody: they name versions and their hashes, never where one machine got them from.
 */
import { readFile } from 'node:fs/promises'
import { need, ROOT } from '../run.mjs'

export const title = 'lockfiles name no registry and no path of a machine'

export async function check() {
  const tracked = await need('git', ['ls-files', '*package-lock.json', '.npmrc', '*/.npmrc'])
  const problems = []
  for (const file of tracked.split('\n').filter((line) => line !== '')) {
    if (file.endsWith('.npmrc')) {
      problems.push(`${file} is tracked: settings of npm belong to a machine.`)
      continue
    }
    const { packages } = JSON.parse(await readFile(ROOT + file, 'utf8'))
    for (const [path, entry] of Object.entries(packages)) {
      if (entry.resolved !== undefined) problems.push(`${file}: ${path} has "resolved": ${entry.resolved}`)
      if (path !== '' && !entry.link && !entry.integrity) problems.push(`${file}: ${path} has no integrity hash`)
    }
  }
  return problems.slice(0, 10)
}
