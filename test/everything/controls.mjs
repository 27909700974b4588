import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

/** Outcomes that are remembered by key; a test reads its own within seconds. */
const OUTCOMES_KEPT = 10_000

/** Tools that no suite asks for: what the tests with real clients need to set off, and to look at. */
export function defineControls(server) {
  defineWaiting(server)
  defineChanges(server)
  defineSessionFacts(server)

  const echo = z.object({ payload: z.string() })
  const description = "Sends the payload back as progress, as a question to the client's model, and as the result."
  server.tool('test_echo_everywhere', { description, inputSchema: echo }, async ({ payload }, ctx) => {
    ctx.progress(1, 2, payload)
    const messages = [{ role: 'user', content: { type: 'text', text: payload } }]
    const { content } = await ctx.sample({ messages, maxTokens: 10 })
    ctx.progress(2, 2, payload)
    return JSON.stringify({ payload, sampled: content.text, client: ctx.session.client.name })
  })
}

function defineWaiting(server) {
  const outcomes = new Map()
  const settle = (key, outcome) => {
    outcomes.set(key, outcome)
    if (outcomes.size > OUTCOMES_KEPT) outcomes.delete(outcomes.keys().next().value)
  }

  const wait = z.object({ key: z.string(), ms: z.number().int().min(0).max(600_000) })
  const description = 'Waits, unless it is cancelled; test_wait_outcome tells which.'
  server.tool('test_wait', { description, inputSchema: wait }, async ({ key, ms }, ctx) => {
    settle(key, 'running')
    try {
      await sleep(ms, undefined, { signal: ctx.signal })
    } catch {
      settle(key, 'cancelled')
      return 'Cancelled.'
    }
    settle(key, 'completed')
    return `Waited for ${key}.`
  })

  const outcome = { description: 'Tells how a test_wait ended.', inputSchema: z.object({ key: z.string() }) }
  server.tool('test_wait_outcome', outcome, async ({ key }) => outcomes.get(key) ?? 'unknown')

  const steps = {
    description: 'Reports progress once per step, then answers.',
    inputSchema: z.object({ steps: z.number().int().min(1).max(1000), ms: z.number().int().min(0).max(10_000) }),
  }
  server.tool('test_steps', steps, async ({ steps, ms }, ctx) => {
    for (let step = 1; step <= steps; step++) {
      ctx.progress(step, steps, `step ${step}`)
      await sleep(ms)
    }
    return `Took ${steps} steps.`
  })
}

function defineChanges(server) {
  const hidden = server.tool('test_hidden', { description: 'Comes and goes.' }, async () => 'Here I am.')
  hidden.disable()
  toggle(server, 'test_trigger_tool_change', 'Shows or hides the tool test_hidden.', hidden)

  const prompt = server.prompt('test_hidden_prompt', { description: 'Comes and goes.' }, async () => 'Here I am.')
  prompt.disable()
  toggle(server, 'test_trigger_prompt_change', 'Shows or hides the prompt test_hidden_prompt.', prompt)

  const about = { description: 'Comes and goes.', mimeType: 'text/plain' }
  const resource = server.resource('Hidden', 'test://hidden', about, async () => 'Here I am.')
  resource.disable()
  toggle(server, 'test_trigger_resource_change', 'Shows or hides the resource test://hidden.', resource)

  const update = { description: 'Announces that a resource changed.', inputSchema: z.object({ uri: z.string() }) }
  server.tool('test_update_resource', update, async ({ uri }) => {
    server.resourceUpdated(uri)
    return `Announced ${uri}.`
  })
}

/** A tool that shows what is hidden, and hides what is shown. */
function toggle(server, name, description, handle) {
  let shown = false
  server.tool(name, { description }, async () => {
    shown = !shown
    if (shown) handle.enable()
    else handle.disable()
    return shown ? 'shown' : 'hidden'
  })
}

function defineSessionFacts(server) {
  server.tool(
    'test_session_facts',
    { description: 'Tells what the server knows of its client.' },
    async (_args, ctx) => {
      const { client, revision, capabilities } = ctx.session
      return JSON.stringify({ client, revision, capabilities })
    },
  )

  const description = 'Counts the calls of this session.'
  server.tool('test_session_counter', { description }, async (_args, ctx) => {
    const count = ((await ctx.session.get('count')) ?? 0) + 1
    await ctx.session.set('count', count)
    return String(count)
  })
}
