/** The arguments that every target understands. */
import { parseArgs } from 'node:util'

/**
 * @returns { json } answers as plain JSON instead of SSE where the server can, { tools } how many tools to register,
 *   { engine } the URL of a Redis to share, for targets that can, { modern } the requests are of revision 2026-07-28
 */
export function targetOptions() {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      tools: { type: 'string', default: '1' },
      engine: { type: 'string' },
      modern: { type: 'boolean', default: false },
    },
  })
  return { json: values.json, tools: Number(values.tools), engine: values.engine, modern: values.modern }
}

/** Names of the tools that only make the list longer. */
export function extraToolNames(tools) {
  return Array.from({ length: Math.max(0, tools - 1) }, (_, index) => `extra_${index + 1}`)
}

/** How many notifications the tool `steps` sends. */
export const STEPS = 20

/** The resource that the row `listen` subscribes to. A target changes it by the function `bench.update` of its global. */
export const LISTENED_URI = 'bench://listened'

export function announce(port) {
  process.stdout.write(`listening ${port}\n`)
}
