/** The peers are installed on first use, in bench/ only, from its own lockfile. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const BENCH = new URL('../', import.meta.url)

/** @throws {Error} when the packages can't be installed, or the framework is not built */
export function prepare() {
  if (!existsSync(new URL('../dist/bundle/index.js', BENCH)))
    throw new Error('dist/ is missing: run "npm run build" first')
  if (existsSync(new URL('node_modules', BENCH))) return
  process.stderr.write('bench/node_modules is missing: installing the peers (npm ci in bench/)\n')
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(BENCH),
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error('npm ci in bench/ failed')
}
