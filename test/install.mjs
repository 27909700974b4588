/**
 * Installs the dependencies of a test folder that has its own package.json and lockfile, so that the root stays small
 * and its tests still never skip.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { copyFile, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** How long one installation may take. A second process that wants the same folder waits this long for it. */
const PATIENCE_MS = 300_000

/**
 * Runs `npm ci` in the folder unless what its lockfile asks for is there already.
 *
 * @param {URL | string} folder the folder that holds package.json and package-lock.json
 * @throws when npm fails; its output is on stderr
 */
export async function install(folder) {
  const path = typeof folder === 'string' ? folder : fileURLToPath(folder)
  const wanted = join(path, 'package-lock.json')
  // npm keeps its own record in node_modules; a copy of the lockfile beside it says which lockfile it was made from.
  const done = join(path, 'node_modules', '.installed-lock.json')
  if (await same(wanted, done)) return
  const lock = join(path, '.installing')
  if (!(await take(lock))) {
    if (await same(wanted, done)) return
    throw new Error(`Another installation in ${path} did not end within ${PATIENCE_MS / 1000} s.`)
  }
  try {
    if (await same(wanted, done)) return
    await npmCi(path)
    await copyFile(wanted, done)
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

async function same(a, b) {
  try {
    return (await readFile(a, 'utf8')) === (await readFile(b, 'utf8'))
  } catch {
    return false
  }
}

/** Two test processes may start at once; making a folder is atomic, so exactly one of them installs. */
async function take(lock) {
  const until = Date.now() + PATIENCE_MS
  while (Date.now() < until) {
    try {
      await mkdir(lock)
      return true
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      const age = await stat(lock).then(
        (entry) => Date.now() - entry.mtimeMs,
        () => 0,
      )
      // Left behind by a process that was killed.
      if (age > PATIENCE_MS) await rm(lock, { recursive: true, force: true })
    }
    await sleep(250)
  }
  return false
}

function npmCi(cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`npm ci in ${cwd} ended with ${code}.`))
    })
  })
}
