/** Before the tests of engines: the clients of this folder, and a Redis server. */
import { install } from '../install.mjs'
import { requirePrograms } from '../programs.mjs'

export async function setup(): Promise<void> {
  await install(new URL('./', import.meta.url))
  await requirePrograms(['redis-server', 'redis-cli'])
}
