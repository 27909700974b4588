/** One tool decides on style; a warning is an error, because nobody reads warnings. */
import { run } from '../run.mjs'

export const title = 'biome finds nothing to say about style and formatting'

export async function check() {
  const { code, output } = await run('biome', ['check', '--error-on-warnings', '--max-diagnostics=20'], { quiet: true })
  return code === 0 ? [] : [output]
}
