/** The official clients have a package.json of their own. */
import { install } from '../install.mjs'

export default async function setup(): Promise<void> {
  await install(new URL('../clients/', import.meta.url))
}
