/** Files, exports and dependencies that nothing uses are a promise to nobody. What is excepted stands in knip.json. */
import { run } from '../run.mjs'

export const title = 'knip finds no unused file, export or dependency'

export async function check() {
  const { code, output } = await run('knip', ['--treat-config-hints-as-errors', '--no-progress'], { quiet: true })
  return code === 0 ? [] : [output]
}
