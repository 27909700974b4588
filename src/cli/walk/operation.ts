/**
 * The second phase: the session stream, ping, the lists, and one use of each thing that the server offers.
 *
 * @see the specification, basic/lifecycle, "Operation"
 * @module
 */
import { ClientError } from '../../testing/client/index.ts'
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { jsonArguments, typedArguments } from '../arguments/typed.ts'
import { usage } from '../failure.ts'
import { allPages } from '../pages.ts'
import { closest, oneLine, plural } from '../terminal/text.ts'
import { type ChosenTool, harmlessTool, promptArguments } from './harmless.ts'
import type { Report } from './report.ts'
import type { Walker } from './walker.ts'

export interface OperationOptions {
  /** `--call`: a tool and the words of its arguments. */
  readonly call: readonly string[] | undefined
  /** How long the answer to GET is waited for. */
  readonly streamWaitMs: number
}

/** How long the first frames of the session stream are waited for. */
const FIRST_FRAMES_MS = 50

/** Walks the phase. A step that fails is a problem in the report, and the walk goes on. */
export async function walkOperation(walker: Walker, options: OperationOptions): Promise<void> {
  const { client, report } = walker
  const capabilities = client.session?.capabilities ?? {}
  report.phase('operation', 'Both sides send requests and notifications, within what they agreed on.')

  await attempt(report, () => openStream(walker, options.streamWaitMs))
  await attempt(report, () => ping(walker))
  // A level belongs to a session: without one there is nothing that it could stick to.
  const sessionId = client.session?.sessionId
  if (isObject(capabilities['logging']) && sessionId !== undefined) await attempt(report, () => setLogLevel(walker))
  if (isObject(capabilities['tools'])) await attempt(report, () => walkTools(walker, options.call))
  else if (options.call) report.problem('There is nothing to call: the server declares no tools.')
  if (isObject(capabilities['resources'])) await attempt(report, () => walkResources(walker))
  if (isObject(capabilities['prompts'])) await attempt(report, () => walkPrompts(walker))
  const missing = ['tools', 'resources', 'prompts'].filter((name) => !isObject(capabilities[name]))
  if (missing.length > 0) report.note(`Not asked for ${missing.join(' and ')}: the server does not declare them.`)
}

async function attempt(report: Report, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!(error instanceof ClientError) || error.code === 'unreachable' || error.code === 'closed') throw error
    report.problem(error.message)
  }
}

async function openStream({ client, report }: Walker, waitMs: number): Promise<void> {
  report.step('The session stream', 'By GET the client lets the server speak whenever it likes, outside any request.')
  // A server may hold the headers back until it has something to say: the walk does not wait for that.
  let timer: ReturnType<typeof setTimeout> | undefined
  const waited = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, waitMs, undefined)
  })
  const opening = client.openStream()
  opening.catch(() => {})
  const status = await Promise.race([opening, waited]).finally(() => clearTimeout(timer))
  // Its first frames belong to this step, not to the next.
  if (status?.open) await new Promise((resolve) => setTimeout(resolve, FIRST_FRAMES_MS))
  if (status === undefined) report.note('The server has not answered the GET yet; the walk goes on.')
  else if (status.open) report.good('The stream is open, and stays open while the walk goes on.')
  else if (status.status === 405)
    report.note('The server offers no such stream (405): it speaks only while it answers a request.')
  else report.problem(`GET should open a stream, or be refused with 405. It was answered with ${status.status}.`)
}

async function ping(walker: Walker): Promise<void> {
  const { report } = walker
  report.step('ping', 'Either side may ask whether the other is still there.')
  await walker.request('ping')
  report.good('The server is there.')
}

async function setLogLevel(walker: Walker): Promise<void> {
  const { report } = walker
  report.step('logging/setLevel', 'The client chooses which log messages it wants to see: here all of them.')
  await walker.request('logging/setLevel', { level: 'debug' })
  report.good('The server sends log messages from debug up.')
}

async function walkTools(walker: Walker, call: readonly string[] | undefined): Promise<void> {
  const { report } = walker
  report.step('tools/list', 'What can the server do?')
  const tools = await allPages(walker, 'tools/list', 'tools')
  report.good(counted(tools, 'tool'))
  const chosen = call ? givenTool(tools, call) : harmlessTool(tools)
  if (!chosen) {
    if (tools.length > 0)
      report.note('No tool was called: none says that it is read-only. --call name key=value calls one.')
    return
  }
  const made = call === undefined && Object.keys(chosen.arguments).length > 0
  const why = call ? 'The tool that was named by --call.' : 'A tool that says it changes nothing (readOnlyHint)'
  report.step(`tools/call ${oneLine(chosen.name)}`, `${why}${call ? '' : made ? ', with made-up arguments.' : '.'}`)
  const result = await walker.request('tools/call', { ...chosen }, { onProgress: () => {} })
  if (result['isError'] === true) report.note('The tool reports an error as its result (isError).')
  else report.good('The tool answered.')
}

function givenTool(tools: readonly JsonObject[], [name = '', ...words]: readonly string[]): ChosenTool {
  const tool = tools.find((entry) => entry['name'] === name)
  if (!tool) {
    const names = tools.map((entry) => String(entry['name']))
    const near = closest(name, names)
    throw usage(
      `The server has no tool ${name}.${near ? ` Did you mean ${near}?` : ` It has ${names.join(', ') || 'none'}.`}`,
    )
  }
  const [first] = words
  if (words.length === 1 && first?.startsWith('{')) return { name, arguments: jsonArguments(first) }
  return { name, arguments: typedArguments(words, isObject(tool['inputSchema']) ? tool['inputSchema'] : {}) }
}

async function walkResources(walker: Walker): Promise<void> {
  const { report } = walker
  report.step('resources/list', 'What can be read?')
  const resources = await allPages(walker, 'resources/list', 'resources')
  report.good(counted(resources, 'resource'))
  report.step('resources/templates/list', 'What can be read once its address is filled in?')
  const templates = await allPages(walker, 'resources/templates/list', 'resourceTemplates')
  report.good(counted(templates, 'template'))
  const uri = resources[0]?.['uri']
  if (typeof uri !== 'string') return
  report.step('resources/read', 'The first of them.')
  await walker.request('resources/read', { uri })
  report.good('The resource was read.')
}

async function walkPrompts(walker: Walker): Promise<void> {
  const { report } = walker
  report.step('prompts/list', 'Which prompts does the server have ready?')
  const prompts = await allPages(walker, 'prompts/list', 'prompts')
  report.good(counted(prompts, 'prompt'))
  const prompt = prompts[0]
  if (!prompt) return
  const filled = promptArguments(prompt)
  const made = Object.keys(filled).length > 0 ? ', with made-up arguments' : ''
  report.step(`prompts/get ${oneLine(String(prompt['name']))}`, `The first of them${made}.`)
  await walker.request('prompts/get', { name: prompt['name'], arguments: filled })
  report.good('The prompt came.')
}

/** `2 tools: get_forecast, server_status`. */
function counted(entries: readonly JsonObject[], noun: string): string {
  if (entries.length === 0) return `No ${noun}s.`
  const names = entries.map((entry) => oneLine(String(entry['name']))).slice(0, 12)
  const more = entries.length > names.length ? ', …' : ''
  return `${plural(entries.length, noun)}: ${names.join(', ')}${more}`
}
