/**
 * The official server v2 as a peer for our own client. `LEGACY` says what it does with clients of the legacy era:
 * `stateless` serves them, `reject` refuses them as a server does that speaks 2026-07-28 only.
 *
 * @module
 */
import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, fromJsonSchema, inputRequired, McpServer } from '@modelcontextprotocol/server'

const text = (value) => ({ content: [{ type: 'text', text: value }] })
const schema = (properties) => fromJsonSchema({ type: 'object', properties })
const form = (name) => ({ type: 'object', properties: { [name]: { type: 'string' } }, required: [name] })
const readOnly = { readOnlyHint: true }

/** The content of an answer, or what the user did instead. */
const given = (responses, key, member) => {
  const answer = responses?.[key]
  return answer?.action === 'accept' ? answer.content[member] : answer?.action
}

function define() {
  const server = new McpServer(
    { name: 'official', version: '2.4.0' },
    { capabilities: { logging: {}, tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } } },
  )
  const tool = (name, config, handler) => server.registerTool(name, config, handler)

  tool('greet', { inputSchema: schema({ who: { type: 'string' } }), annotations: readOnly }, async ({ who }) => {
    return text(`Hello, ${who ?? 'you'}!`)
  })

  tool('steps', {}, async (ctx) => {
    const { progressToken } = ctx.mcpReq._meta ?? {}
    await ctx.mcpReq.log('info', 'stepping')
    for (let progress = 1; progress <= 3; progress++) {
      if (progressToken === undefined) break
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 3 } })
    }
    return text('stepped')
  })

  tool('run', { inputSchema: schema({ region: { type: 'string', 'x-mcp-header': 'Region' } }) }, async (args, ctx) => {
    return text(`${args.region} by header ${ctx.http.req.headers.get('mcp-param-region')}`)
  })

  // Asks for two things at once, then, by what it has put into requestState, for a third.
  tool('interview', {}, async (ctx) => {
    const { inputResponses: answers, requestState } = ctx.mcpReq
    const state = requestState?.()
    if (state === undefined) {
      return inputRequired({
        inputRequests: {
          name: inputRequired.elicit({ message: 'What is your name?', requestedSchema: form('name') }),
          roots: inputRequired.listRoots(),
        },
        requestState: JSON.stringify({ step: 1, padding: 'x'.repeat(100) }),
      })
    }
    const { step, name, roots } = JSON.parse(state)
    if (step === 1) {
      const known = { name: given(answers, 'name', 'name'), roots: answers?.roots?.roots?.length }
      return inputRequired({
        inputRequests: {
          line: inputRequired.createMessage({
            messages: [{ role: 'user', content: { type: 'text', text: `A line about ${known.name}` } }],
            maxTokens: 10,
          }),
        },
        requestState: JSON.stringify({ step: 2, ...known }),
      })
    }
    return text(JSON.stringify({ name, roots, line: answers?.line?.content?.text }))
  })

  tool('wait', {}, async (ctx) => {
    await new Promise((resolve) => ctx.mcpReq.signal.addEventListener('abort', resolve))
    process.stderr.write('wait was cancelled\n')
    return text('late')
  })

  tool('change', {}, async () => {
    handler.notify.toolsChanged()
    handler.notify.resourceUpdated('peer://one')
    return text('changed')
  })

  server.registerResource('one', 'peer://one', {}, async (uri) => ({ contents: [{ uri: uri.href, text: 'one' }] }))
  server.registerPrompt('hello', { argsSchema: schema({ who: { type: 'string' } }) }, ({ who }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Hello, ${who}!` } }],
  }))
  return server
}

const handler = createMcpHandler(define, { legacy: process.env.LEGACY ?? 'stateless' })
const http = createServer(toNodeHandler(handler))
http.listen(0, '127.0.0.1', () => console.log(`Serving on http://127.0.0.1:${http.address().port}/mcp`))
// What tests end with: open subscriptions get their response.
process.on('SIGTERM', async () => {
  await handler.close()
  http.close()
  http.closeAllConnections()
})
