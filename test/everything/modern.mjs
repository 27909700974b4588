import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

const NAME = {
  message: 'What is your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
}

const CITY = {
  message: 'Where do you live?',
  requestedSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

const CONFIRM = {
  message: 'Please confirm',
  requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
}

const user = (text) => [{ role: 'user', content: { type: 'text', text } }]

/** Answers to a form: its content, or what the user did instead. */
const given = (answer, member) => (answer.action === 'accept' ? answer.content[member] : answer.action)

/** The tools that the suite asks of the 2026 era. All but those that need a key work in the older one as well. */
export function defineModern(server) {
  defineRules(server)
  defineRounds(server)
  definePair(server)
}

function defineRules(server) {
  server.tool('test_missing_capability', { description: 'Needs sampling.' }, async (_args, ctx) => {
    const { content } = await ctx.sample({ messages: user('Hello'), maxTokens: 10 })
    return content.text
  })

  server.tool('test_streaming_elicitation', { description: 'Reports progress, then asks.' }, async (_args, ctx) => {
    ctx.progress(1, 2)
    const answer = await ctx.elicit(NAME, { key: 'user_name' })
    return `Hello, ${given(answer, 'name')}!`
  })

  server.tool('test_logging_tool', { description: 'Logs at every level.' }, async (_args, ctx) => {
    ctx.log.debug('debug message')
    ctx.log.info('info message')
    ctx.log.error('error message')
    await sleep(10)
    return 'Logged.'
  })

  const region = z.object({ region: z.string().describe('Where to run').meta({ 'x-mcp-header': 'Region' }) })
  const mirrored = { description: 'Has an argument that is mirrored into a header.', inputSchema: region }
  server.tool('test_x_mcp_header', mirrored, async (args) => `Region: ${args.region}`)
}

function defineRounds(server) {
  const name = 'test_input_required_result_'
  const tool = (end, description, handler) => server.tool(name + end, { description }, (_args, ctx) => handler(ctx))

  tool('elicitation', 'Asks for a name.', async (ctx) => {
    return `Hello, ${given(await ctx.elicit(NAME, { key: 'user_name' }), 'name')}!`
  })

  tool('sampling', "Asks the client's model.", async (ctx) => {
    const messages = user('What is the capital of France?')
    const { content } = await ctx.sample({ messages, maxTokens: 100 }, { key: 'capital_question' })
    return content.text
  })

  tool('list_roots', "Asks for the client's roots.", async (ctx) => {
    const roots = await ctx.listRoots({ key: 'client_roots' })
    return `Roots: ${roots.map(({ uri }) => uri).join(', ')}`
  })

  for (const end of ['request_state', 'tampered_state']) {
    tool(end, 'Asks for a confirmation.', async (ctx) => {
      return `state-ok: ${given(await ctx.elicit(CONFIRM, { key: 'confirm' }), 'ok')}`
    })
  }

  tool('multiple_inputs', 'Asks for three things at once.', async (ctx) => {
    const [answer, greeting, roots] = await Promise.all([
      ctx.elicit(NAME, { key: 'user_name' }),
      ctx.sample({ messages: user('Generate a greeting'), maxTokens: 50 }, { key: 'greeting' }),
      ctx.listRoots({ key: 'client_roots' }),
    ])
    return `${greeting.content.text} ${given(answer, 'name')} (${roots.length} roots)`
  })

  tool('multi_round', 'Asks for one thing after the other.', async (ctx) => {
    const first = await ctx.elicit({ ...NAME, message: 'Step 1: What is your name?' }, { key: 'step1' })
    const color = { type: 'object', properties: { color: { type: 'string' } }, required: ['color'] }
    const question = { message: 'Step 2: What is your favorite color?', requestedSchema: color }
    const second = await ctx.elicit(question, { key: 'step2' })
    return `${given(first, 'name')} likes ${given(second, 'color')}.`
  })

  tool('capabilities', 'Asks for what the client can give.', async (ctx) => {
    const { capabilities } = ctx.session
    const answers = await Promise.all([
      capabilities.includes('elicitation') && ctx.elicit(NAME, { key: 'user_name' }),
      capabilities.includes('sampling') && ctx.sample({ messages: user('Hello'), maxTokens: 10 }, { key: 'greeting' }),
    ])
    return `Got ${answers.filter(Boolean).length} answers.`
  })

  const prompt = { description: 'A prompt that asks for its context.' }
  server.prompt('test_input_required_result_prompt', prompt, async (_args, ctx) => {
    const context = { type: 'object', properties: { context: { type: 'string' } }, required: ['context'] }
    const question = { message: 'What context should the prompt use?', requestedSchema: context }
    return `Use this context: ${given(await ctx.elicit(question, { key: 'user_context' }), 'context')}`
  })
}

/** One handler, run in each way: it asks twice in sequence, then two things at once, and says how far it is. */
function definePair(server) {
  const handler = async (ctx) => {
    ctx.log.info('started')
    ctx.progress(1, 4)
    const id = await ctx.step('id', () => ctx.callId)
    const name = given(await ctx.elicit(NAME), 'name')
    ctx.progress(2, 4)
    const city = given(await ctx.elicit(CITY), 'city')
    ctx.progress(3, 4)
    const [sure, roots] = await Promise.all([ctx.elicit(CONFIRM), ctx.listRoots()])
    ctx.progress(4, 4)
    return JSON.stringify({ name, city, sure: given(sure, 'ok'), roots: roots.length, same: id === ctx.callId })
  }
  server.tool('test_interview', { description: 'Interviews the user.' }, (_args, ctx) => handler(ctx))
  const durable = { description: 'The same, without waiting in memory.', durable: true }
  server.tool('test_interview_durable', durable, (_args, ctx) => handler(ctx))
}
