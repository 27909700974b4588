/** The arguments that every target understands. */
import { parseArgs } from 'node:util'

/**
 * @returns { json } answers as plain JSON instead of SSE where the server can, { tools } how many tools to register,
 *   { engine } the URL of a Redis to share, for targets that can
 */
export function targetOptions() {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      tools: { type: 'string', default: '1' },
      engine: { type: 'string' },
    },
  })
  return { json: values.json, tools: Number(values.tools), engine: values.engine }
}

/** Names of the tools that only make the list longer. */
export function extraToolNames(tools) {
  return Array.from({ length: Math.max(0, tools - 1) }, (_, index) => `extra_${index + 1}`)
}

/** How many notifications the tool `steps` sends. */
export const STEPS = 20

export function announce(port) {
  process.stdout.write(`listening ${port}\n`)
}
