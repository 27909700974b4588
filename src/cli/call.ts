/**
 * `fairlead call <url> <tool> key=value …`: one tool, called once. The result goes to stdout; progress, log messages
 * and questions go to stderr.
 *
 * @module
 */
import type { Progress } from '../testing/client/index.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import type { LogLevel } from '../wire/log-level.ts'
import { jsonArguments, typedArguments } from './arguments/typed.ts'
import { clientFor, connected, withClient } from './connect.ts'
import { resultText } from './content.ts'
import { usage } from './failure.ts'
import type { ConnectionOptions } from './options.ts'
import { allPages } from './pages.ts'
import { createPrinter } from './terminal/printer.ts'
import { createStyle, wantsColour } from './terminal/style.ts'
import { closest, listed, oneLine, printable } from './terminal/text.ts'

export interface CallOptions extends ConnectionOptions {
  readonly args?: string
  readonly json?: boolean
  readonly logLevel?: LogLevel
}

/** Calls, and returns the exit code: 1 when the tool reports an error. */
export async function call(url: string, tool: string, words: readonly string[], options: CallOptions): Promise<number> {
  const aside = createPrinter(process.stderr)
  const { dim, attention } = createStyle(wantsColour(process.stderr))
  const client = clientFor(url, {
    connection: options,
    interactive: true,
    say: (text) => aside.line(`${attention('?')} ${printable(text)}`),
    hold: () => aside.hold(),
    observe: {
      onNotification: (method, params) => {
        if (method === 'notifications/message') aside.line(dim(logText(params)))
      },
      onError: (error) => aside.line(attention(error.message)),
    },
  })
  const result = await withClient(client, async (signal) => {
    const { capabilities, revision } = await connected(client, (text) => aside.line(dim(oneLine(text))))
    if (!isObject(capabilities['tools'])) throw usage('The server has no tools.')
    const schema = inputSchemaOf(await allPages(client, 'tools/list', 'tools'), tool)
    const args = {
      ...(options.args === undefined ? {} : jsonArguments(options.args)),
      ...typedArguments(words, schema),
    }
    if (options.logLevel !== undefined) await client.setLogLevel(options.logLevel)
    // Questions of a server that answers with plain JSON come on the session stream.
    if (revision.asks === 'requests') client.openStream().catch(() => {})
    const onProgress = (progress: Progress): void => aside.line(dim(progressText(progress)))
    return await client.request('tools/call', { name: tool, arguments: args }, { onProgress, signal })
  })
  const failed = result['isError'] === true
  if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  else {
    const text = resultText(result)
    const out = failed ? process.stderr : process.stdout
    // Piped, the text is data and stays as it is; on a terminal it must not steer the terminal.
    if (text !== '') out.write(`${out.isTTY ? printable(text) : text}\n`)
    if (failed && text === '') process.stderr.write(`${tool} failed and does not say why.\n`)
  }
  return failed ? 1 : 0
}

function inputSchemaOf(tools: readonly JsonObject[], name: string): JsonObject {
  const tool = tools.find((entry) => entry['name'] === name)
  if (tool) return isObject(tool['inputSchema']) ? tool['inputSchema'] : {}
  const names = tools.map((entry) => oneLine(String(entry['name'])))
  const near = closest(name, names)
  throw usage(
    `The server has no tool ${name}.${near ? ` Did you mean ${near}?` : ` It has ${listed(names) || 'none'}.`}`,
  )
}

function progressText({ progress, total, message }: Progress): string {
  const share = total === undefined ? String(progress) : `${progress}/${total}`
  return `progress ${share}${message === undefined ? '' : `  ${oneLine(message)}`}`
}

function logText({ level, logger, data }: JsonObject): string {
  const text = typeof data === 'string' ? data : (JSON.stringify(data) ?? '')
  const source = typeof logger === 'string' ? `${oneLine(logger)}: ` : ''
  return `${oneLine(String(level))}  ${source}${oneLine(text)}`
}
