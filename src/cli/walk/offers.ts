/**
 * One use of each thing that the server offers: tools, resources, prompts. Both eras have them alike.
 *
 * @see the specification, server/tools, server/resources, server/prompts
 * @module
 */
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { jsonArguments, typedArguments } from '../arguments/typed.ts'
import { usage } from '../failure.ts'
import { allPages } from '../pages.ts'
import { closest, oneLine, plural } from '../terminal/text.ts'
import { type ChosenTool, harmlessTool, promptArguments } from './harmless.ts'
import { attempt, type Walker } from './walker.ts'

/** What was met on the way, for later steps. */
export interface Met {
  /** The first resource. */
  readonly uri: string | undefined
}

/** Walks what the capabilities declare. A step that fails is a problem in the report, and the walk goes on. */
export async function walkOffers(walker: Walker, call: readonly string[] | undefined): Promise<Met> {
  const { client, report } = walker
  const capabilities = client.session?.capabilities ?? {}
  if (isObject(capabilities['tools'])) await attempt(report, () => walkTools(walker, call))
  else if (call) report.problem('There is nothing to call: the server declares no tools.')
  let uri: string | undefined
  if (isObject(capabilities['resources'])) {
    await attempt(report, async () => {
      uri = await walkResources(walker)
    })
  }
  if (isObject(capabilities['prompts'])) await attempt(report, () => walkPrompts(walker))
  const missing = ['tools', 'resources', 'prompts'].filter((name) => !isObject(capabilities[name]))
  if (missing.length > 0) report.note(`Not asked for ${missing.join(' and ')}: the server does not declare them.`)
  return { uri }
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

/** Gives the URI of the first resource. */
async function walkResources(walker: Walker): Promise<string | undefined> {
  const { report } = walker
  report.step('resources/list', 'What can be read?')
  const resources = await allPages(walker, 'resources/list', 'resources')
  report.good(counted(resources, 'resource'))
  report.step('resources/templates/list', 'What can be read once its address is filled in?')
  const templates = await allPages(walker, 'resources/templates/list', 'resourceTemplates')
  report.good(counted(templates, 'template'))
  const uri = resources[0]?.['uri']
  if (typeof uri !== 'string') return undefined
  report.step('resources/read', 'The first of them.')
  await walker.request('resources/read', { uri })
  report.good('The resource was read.')
  return uri
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
