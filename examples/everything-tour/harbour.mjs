// A harbour office that uses all of the protocol. Read it from top to bottom: each part shows one feature.
// It default-exports the server, so `npx fairlead run` and `npx fairlead dev` can start it; `server.mjs` does so by hand.
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer, McpError, ToolError } from 'fairlead'
import { z } from 'zod'

const BERTHS = { A1: { metres: 8 }, A2: { metres: 12 }, B1: { metres: 20 }, B2: { metres: 35 } }
const notices = ['The office is open from 8 to 18.']

const server = createServer({
  name: 'harbour',
  title: 'The harbour office',
  version: '1.0.0',
  // Clients put this before the conversation: say what the tools have in common, not what each one does.
  instructions: 'Berths are named by a letter and a digit, for example A1. Look at harbour://notices before you book.',
})

// ── Structured output: `outputSchema` is published with the tool, and what the handler returns is checked against it.
// A text block with the same content is added for clients that know no structured content.
const berthName = z.enum(Object.keys(BERTHS)).describe('The name of a berth')
server.tool(
  'berth_status',
  {
    title: 'Berth status',
    description: 'Length of a berth, and who lies there',
    inputSchema: z.object({ berth: berthName }),
    outputSchema: z.object({ berth: z.string(), metres: z.number(), boat: z.string().optional() }),
    annotations: { readOnlyHint: true },
  },
  async ({ berth }) => ({ structuredContent: { berth, ...BERTHS[berth] } }),
)

// ── Elicitation, form mode: the user fills in a form that the schema describes. The answer is validated and typed.
// There are three outcomes, and a handler should know all of them.
server.tool(
  'book_berth',
  { description: 'Books a berth; asks the skipper for the details', inputSchema: z.object({ berth: berthName }) },
  async ({ berth }, ctx) => {
    const answer = await ctx.elicit({
      message: `Who will lie at ${berth}?`,
      requestedSchema: z.object({
        boat: z.string().min(1).describe('Name of the boat'),
        metres: z.number().positive().describe('Length over all'),
        nights: z.number().int().min(1).max(14).default(1),
      }),
    })
    if (answer.action === 'decline') return 'Nothing was booked.'
    if (answer.action === 'cancel') return 'The booking was left open.'
    const { boat, metres, nights } = answer.content
    if (metres > BERTHS[berth].metres) throw new ToolError(`${boat} is too long for ${berth}.`)
    BERTHS[berth].boat = boat
    // Everyone who subscribed to this berth is told; with no subscriber this costs nothing.
    server.resourceUpdated(`harbour://berths/${berth}`)
    return `${boat} lies at ${berth} for ${nights} night${nights === 1 ? '' : 's'}.`
  },
)

// ── Elicitation, URL mode (2025-11-25): for what must not pass through the client, such as a card number. The answer
// says that the user agreed to open the page, not that anything happened there.
server.tool('pay_fees', { description: 'Opens the page where fees are paid' }, async (_args, ctx) => {
  const elicitationId = ctx.callId
  const url = `https://harbour.example/pay?order=${encodeURIComponent(elicitationId)}`
  const { action } = await ctx.elicit({ mode: 'url', message: 'Please pay the harbour fees.', url, elicitationId })
  return action === 'accept' ? 'The payment page was opened.' : 'Nothing was paid.'
})

// ── Sampling: the client's own model does the writing, with the user's consent and at the user's cost.
server.tool('write_notice', { description: 'Has a notice written, and posts it' }, async (_args, ctx) => {
  const { content } = await ctx.sample({
    messages: [{ role: 'user', content: { type: 'text', text: 'One friendly sentence: the crane is closed today.' } }],
    systemPrompt: 'You write for the notice board of a small harbour.',
    maxTokens: 60,
  })
  if (content.type !== 'text') throw new ToolError('The model did not answer with text.')
  notices.push(content.text)
  server.resourceUpdated('harbour://notices')
  return content.text
})

// ── Roots: the folders that the user opened to this server. A client without roots makes this the typed error
// `capability_missing`, which the client gets as it is: nothing has to be checked first.
server.tool('ship_papers', { description: 'Lists where ship papers may be looked for' }, async (_args, ctx) => {
  const roots = await ctx.listRoots()
  return roots.length > 0 ? roots.map((root) => root.uri).join('\n') : 'No folder is open.'
})

// ── Progress, logging and cancellation. Progress is sent only when the client asked for it, log messages only from the
// level that it set. `ctx.signal` is aborted when the client cancels; whatever takes it stops by itself.
server.tool('inspect_berths', { description: 'Walks along all berths', timeout: 60_000 }, async (_args, ctx) => {
  const names = Object.keys(BERTHS)
  for (const [index, name] of names.entries()) {
    ctx.progress(index, names.length, `At ${name}`)
    ctx.log.info({ berth: name, boat: BERTHS[name].boat ?? null }, 'inspection')
    await sleep(20, undefined, { signal: ctx.signal })
  }
  ctx.progress(names.length, names.length, 'Done')
  return `${names.length} berths inspected.`
})

// ── Session values: JSON that lives as long as the session may, wherever its next request lands.
server.tool(
  'logbook',
  { description: 'Writes a line', inputSchema: z.object({ line: z.string() }) },
  async ({ line }, ctx) => {
    const lines = [...((await ctx.session.get('logbook')) ?? []), line]
    await ctx.session.set('logbook', lines)
    return lines.join('\n')
  },
)

// ── A list that changes at run time: enabling or disabling sends `list_changed` to every client that listens.
const crane = server.tool('use_crane', { description: 'Lifts a boat' }, async () => 'The boat is on land.')
crane.disable()
const staff = z.object({ open: z.boolean() })
server.tool('open_crane', { description: 'Opens or closes the crane', inputSchema: staff }, async ({ open }) => {
  if (open) crane.enable()
  else crane.disable()
  return open ? 'The crane is open.' : 'The crane is closed.'
})

// ── A resource, and a template: one entry for many URIs. `complete` proposes values while a user types, `list` names
// the ones that exist.
const text = { mimeType: 'text/plain' }
server.resource('Notices', 'harbour://notices', { ...text, description: 'The notice board' }, async () =>
  notices.join('\n'),
)
const berthTemplate = {
  description: 'One berth',
  mimeType: 'application/json',
  complete: { berth: (typed) => Object.keys(BERTHS).filter((name) => name.startsWith(typed.toUpperCase())) },
  list: () => Object.keys(BERTHS).map((name) => ({ uri: `harbour://berths/${name}`, name: `Berth ${name}` })),
}
server.resourceTemplate('Berth', 'harbour://berths/{berth}', berthTemplate, async (uri, { berth }) => {
  if (!BERTHS[berth])
    throw new McpError('resource_not_found', 'There is no such berth.', { data: { uri: String(uri) } })
  return JSON.stringify({ berth, ...BERTHS[berth] })
})

// ── A prompt: a message that users pick by name. Its arguments complete as well.
server.prompt(
  'arrival_report',
  {
    description: 'Starts the report of an arrival',
    argsSchema: z.object({ boat: z.string(), berth: z.string() }),
    complete: { berth: berthTemplate.complete.berth },
  },
  async ({ boat, berth }) => ({
    messages: [
      { role: 'user', content: { type: 'text', text: `Write a short report: ${boat} arrived at berth ${berth}.` } },
      { role: 'assistant', content: { type: 'text', text: 'When did she arrive?' } },
    ],
  }),
)

// ── Middleware sees every request: here it measures. `onSession` and `onClose` are the hooks around everything.
export const visits = { requests: {}, opened: 0, closed: 0 }
server.use((next) => async (request, context) => {
  visits.requests[request.method] = (visits.requests[request.method] ?? 0) + 1
  return await next(request, context)
})
server.onSession((_session, event) => {
  if (event === 'open') visits.opened += 1
  else visits.closed += 1
})

export default server
