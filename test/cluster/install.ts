/** Before the tests of replicas: the official clients, which have a package.json of their own, Redis and balancers. */
import { install } from '../install.mjs'
import { requirePrograms } from '../programs.mjs'

export default async function setup(): Promise<void> {
  await install(new URL('../clients/', import.meta.url))
  await requirePrograms()
}
