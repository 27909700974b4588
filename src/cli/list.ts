/**
 * `fairlead list <url>`: tools, resources, templates and prompts of a server.
 *
 * @module
 */
import type { Client } from '../testing/client/index.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import { propertiesOf, requiredOf } from './arguments/schema.ts'
import { clientFor, connected, withClient } from './connect.ts'
import type { ConnectionOptions } from './options.ts'
import { allPages } from './pages.ts'
import { createPrinter, type Printer } from './terminal/printer.ts'
import { createStyle, type Style, wantsColour } from './terminal/style.ts'
import { oneLine, printable, wrapped } from './terminal/text.ts'

export interface ListOptions extends ConnectionOptions {
  readonly json?: boolean
}

interface Section {
  readonly title: string
  /** The capability behind it. */
  readonly capability: string
  readonly method: string
  readonly member: string
  /** What stands in the first line of an entry, after its name. */
  readonly signature: (entry: JsonObject) => string
}

const SECTIONS: readonly Section[] = [
  { title: 'Tools', capability: 'tools', method: 'tools/list', member: 'tools', signature: toolSignature },
  {
    title: 'Resources',
    capability: 'resources',
    method: 'resources/list',
    member: 'resources',
    signature: ({ uri, mimeType }) => `  ${String(uri)}${typeof mimeType === 'string' ? `  ${mimeType}` : ''}`,
  },
  {
    title: 'Resource templates',
    capability: 'resources',
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    signature: ({ uriTemplate }) => `  ${String(uriTemplate)}`,
  },
  { title: 'Prompts', capability: 'prompts', method: 'prompts/list', member: 'prompts', signature: promptSignature },
]

export async function list(url: string, options: ListOptions): Promise<number> {
  const printer = createPrinter(process.stdout)
  const style = createStyle(wantsColour(process.stdout))
  const say = (text: string): void => void process.stderr.write(`${printable(text)}\n`)
  const client = clientFor(url, {
    connection: options,
    interactive: false,
    say,
    hold: () => printer.hold(),
  })
  return await withClient(client, async () => {
    const { server, revision, capabilities } = await connected(client, say)
    const lists = await readLists(client, capabilities)
    if (options.json) {
      printer.line(JSON.stringify({ server, revision: revision.name, ...Object.fromEntries(lists) }, null, 2))
      return 0
    }
    printer.line(`${style.bold(oneLine(server.name))} ${oneLine(server.version)}  ${style.dim(revision.name)}`)
    for (const section of SECTIONS) show(section, lists.get(section.member) ?? [], printer, style)
    return 0
  })
}

async function readLists(client: Client, capabilities: JsonObject): Promise<Map<string, JsonObject[]>> {
  const lists = new Map<string, JsonObject[]>()
  for (const { capability, method, member } of SECTIONS) {
    lists.set(member, isObject(capabilities[capability]) ? await allPages(client, method, member) : [])
  }
  return lists
}

function show({ title, signature }: Section, entries: readonly JsonObject[], printer: Printer, style: Style): void {
  if (entries.length === 0) return
  printer.line()
  printer.line(`${style.heading(title)}`)
  for (const entry of entries) {
    printer.line(`  ${style.bold(oneLine(String(entry['name'])))}${printable(signature(entry))}`)
    const about = entry['description'] ?? entry['title']
    if (typeof about !== 'string') continue
    for (const line of wrapped(oneLine(about), printer.width - 6)) printer.line(`      ${style.dim(line)}`)
  }
}

/** `(city, days?)`, and what the tool says of itself. */
function toolSignature({ inputSchema, annotations }: JsonObject): string {
  const schema = isObject(inputSchema) ? inputSchema : {}
  const required = new Set(requiredOf(schema))
  const names = Object.keys(propertiesOf(schema)).map((name) => (required.has(name) ? name : `${name}?`))
  const hints = isObject(annotations) ? annotations : {}
  const hint = hints['readOnlyHint'] === true ? '  read-only' : hints['destructiveHint'] === true ? '  destructive' : ''
  return `(${names.join(', ')})${hint}`
}

function promptSignature({ arguments: declared }: JsonObject): string {
  const list = Array.isArray(declared) ? declared.filter(isObject) : []
  const names = list.map(({ name, required }) => (required === true ? String(name) : `${String(name)}?`))
  return `(${names.join(', ')})`
}
