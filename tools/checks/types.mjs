/** The sources and the tests compile, each with its own settings. */
import { install } from '../../test/install.mjs'
import { run } from '../run.mjs'

export const title = 'sources and tests are type-correct'

export async function check() {
  const build = await run('tsc', ['-b', '--pretty', 'false'], { quiet: true })
  if (build.code !== 0) return [build.output]
  // The tests with the official clients are checked against the types of each release.
  await install(new URL('../../test/clients/', import.meta.url))
  await install(new URL('../../test/auth/', import.meta.url))
  await install(new URL('../../test/engines/', import.meta.url))
  const tests = await run('tsc', ['-p', 'test', '--pretty', 'false'], { quiet: true })
  return tests.code === 0 ? [] : [tests.output]
}
