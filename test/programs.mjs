/**
 * The programs from outside npm that tests start: Redis and two load balancers. Where they are missing they are installed
 * with apt, if this process may; otherwise a sentence says what to install. No test is skipped for want of one.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Each program and the Debian package that brings it. */
const PACKAGES = {
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  nginx: 'nginx',
  haproxy: 'haproxy',
}

/** @typedef {keyof typeof PACKAGES} ProgramName */

/** Servers are not on everybody's PATH: Debian has them here. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin']

/** Seconds that apt waits for another process that installs something: test files run beside each other. */
const LOCK_PATIENCE_S = 300

/**
 * Sees to it that these programs can be started by their names.
 *
 * @param {readonly ProgramName[]} [names] default: all of them
 * @throws when one is missing and can't be installed; the message has the last lines of what apt said
 */
export async function requirePrograms(names = Object.keys(PACKAGES)) {
  const path = (process.env.PATH ?? '').split(delimiter)
  process.env.PATH = [...path, ...SYSTEM_FOLDERS.filter((folder) => !path.includes(folder))].join(delimiter)
  const missing = await absent(names)
  if (missing.length === 0) return
  const said = process.getuid?.() === 0 ? await install(missing.map((name) => PACKAGES[name])) : ''
  const still = await absent(missing)
  if (still.length === 0) return
  const packages = [...new Set(still.map((name) => PACKAGES[name]))]
  throw new Error(
    `These tests start ${still.join(' and ')}, which the PATH does not have. Install ${packages.join(' and ')}.${said}`,
  )
}

async function absent(names) {
  const found = await Promise.all(names.map((name) => isOnPath(name)))
  return names.filter((_, at) => !found[at])
}

async function isOnPath(name) {
  for (const folder of process.env.PATH.split(delimiter)) {
    const found = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

/** Returns what apt said if it failed. */
async function install(packages) {
  const wait = ['-o', `DPkg::Lock::Timeout=${LOCK_PATIENCE_S}`, '-o', 'Acquire::Retries=3']
  const updated = await apt([...wait, 'update'])
  const installed = await apt([...wait, 'install', '--yes', '--no-install-recommends', ...packages])
  return [updated, installed].map(({ code, output }) => (code === 0 ? '' : `\n${output.slice(-1_000)}`)).join('')
}

function apt(args) {
  return new Promise((resolve) => {
    const child = spawn('apt-get', args, {
      // The packages would start their services: the tests start servers themselves.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.once('error', ({ message }) => resolve({ code: 1, output: message }))
    child.once('close', (code) => resolve({ code, output }))
  })
}
