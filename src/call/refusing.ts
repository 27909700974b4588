/**
 * The ways of calls that can't ask their client.
 *
 * @module
 */
import { McpError } from '../wire/errors.ts'
import type { Way } from './way.ts'

/** "Servers MUST NOT send InputRequiredResult responses on any other client requests." */
export const ASKLESS: Way = refusing(
  () =>
    new McpError('ask_unreachable', 'Only tools/call, prompts/get and resources/read may ask the client for input.'),
)

/** Processes that share nothing: the retry may come to another one than the call waits in. */
export const STATELESS: Way = refusing(
  () => new McpError('stateless', 'This server is stateless: only a tool with durable: true can ask the client.'),
)

function refusing(error: () => McpError): Way {
  return {
    ask: () => Promise.reject(error()),
    async step(_call, _name, run) {
      return run()
    },
    ended() {},
  }
}
