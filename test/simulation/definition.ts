/**
 * The server of a simulation: tools that report progress, that ask, and that hold still.
 *
 * @module
 */
// Loaded now, so that no run waits for the disk when it checks its first arguments.
import '@cfworker/json-schema'
import type { Platform } from '../../src/engine/platform.ts'
import type { Server } from '../../src/index.ts'
import { createServer } from '../../src/server/server.ts'

export const RESOURCE = 'test://one'

/** How long `ask` waits for its answer. */
const ASK_MS = 30_000

const SCHEMA = {
  type: 'object',
  properties: { tag: { type: 'string' }, to: { type: 'number' } },
  required: ['tag', 'to'],
} as const

const FORM = { type: 'object', properties: { text: { type: 'string' } } } as const

/** @param begin told of every call that begins, by its tag. */
export function simulatedServer(platform: Platform, begin: (tag: string) => void): Server {
  const server = createServer({ name: 'simulated', version: '1.0.0' })
  server.resource('one', RESOURCE, {}, () => 'one')
  const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const over = (): void => {
        timer.cancel()
        signal.removeEventListener('abort', over)
        resolve()
      }
      const timer = platform.setTimer(ms, over)
      signal.addEventListener('abort', over)
    })
  server.tool('count', { inputSchema: SCHEMA }, async (input, ctx) => {
    const { tag, to } = input as { tag: string; to: number }
    begin(tag)
    for (let step = 1; step <= to && !ctx.signal.aborted; step++) {
      ctx.progress(step, to)
      await sleep(300, ctx.signal)
    }
    return tag
  })
  server.tool('ask', { inputSchema: SCHEMA }, async (input, ctx) => {
    const { tag } = input as { tag: string }
    begin(tag)
    const answer = await ctx.elicit({ message: tag, requestedSchema: FORM }, { timeout: ASK_MS })
    return answer.action === 'accept' ? String((answer.content as { text: unknown }).text) : answer.action
  })
  server.tool('hold', { inputSchema: SCHEMA }, async (input, ctx) => {
    const { tag, to } = input as { tag: string; to: number }
    begin(tag)
    ctx.progress(1)
    await sleep(to * 500, ctx.signal)
    return tag
  })
  return server
}
