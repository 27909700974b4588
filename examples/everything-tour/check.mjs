// Takes the tour: starts the harbour office on a free port, uses every part of it, and checks what comes back.
// `node examples/everything-tour/check.mjs` prints one line per part, and fails if something is not as it should be.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from 'fairlead/node'
import { connect } from './client.mjs'
import harbour, { visits } from './harbour.mjs'

const running = await serve(harbour, { port: 0, signals: false })
const form = { action: 'accept', content: { boat: 'Dione', metres: 11, nights: 2 } }
const client = await connect(
  running.url,
  { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} },
  {
    'sampling/createMessage': () => ({
      role: 'assistant',
      model: 'none',
      content: { type: 'text', text: 'No crane!' },
    }),
    'elicitation/create': ({ mode }) => (mode === 'url' ? { action: 'accept' } : form),
    'roots/list': () => ({ roots: [{ uri: 'file:///papers', name: 'Papers' }] }),
  },
)

const call = (name, args, meta) => client.request('tools/call', { name, arguments: args, _meta: meta })
const text = async (...args) => (await call(...args)).content[0].text

/** Runs one part of the tour. */
async function part(title, run) {
  await run()
  console.log(`ok  ${title}`)
}

/** Waits until the notification arrives: it travels on another stream than the answer of a call. */
async function notified(method, matches = () => true) {
  for (let tries = 0; tries < 100; tries++) {
    if (client.notifications.some((message) => message.method === method && matches(message.params))) return
    await sleep(20)
  }
  assert.fail(`no ${method}`)
}

await part('identity and capabilities', () => {
  assert.equal(client.server.serverInfo.name, 'harbour')
  const names = Object.keys(client.server.capabilities).sort()
  assert.deepEqual(names, ['completions', 'logging', 'prompts', 'resources', 'tools'])
})
await part('structured output', async () => {
  const { structuredContent, content } = await call('berth_status', { berth: 'A2' })
  assert.deepEqual(structuredContent, { berth: 'A2', metres: 12 })
  assert.deepEqual(JSON.parse(content[0].text), structuredContent)
})
await part('elicitation by a form, and the update it causes', async () => {
  await client.request('resources/subscribe', { uri: 'harbour://berths/A2' })
  assert.equal(await text('book_berth', { berth: 'A2' }), 'Dione lies at A2 for 2 nights.')
  await notified('notifications/resources/updated', ({ uri }) => uri === 'harbour://berths/A2')
})
await part('a failure that the model may read', async () => {
  const { isError, content } = await call('book_berth', { berth: 'A1' })
  assert.equal(isError, true)
  assert.equal(content[0].text, 'Dione is too long for A1.')
})
await part('elicitation by a page', async () => {
  assert.equal(await text('pay_fees'), 'The payment page was opened.')
})
await part('sampling', async () => {
  assert.equal(await text('write_notice'), 'No crane!')
  const { contents } = await client.request('resources/read', { uri: 'harbour://notices' })
  assert.match(contents[0].text, /No crane!/)
})
await part('roots', async () => {
  assert.equal(await text('ship_papers'), 'file:///papers')
})
await part('progress and logging', async () => {
  await client.request('logging/setLevel', { level: 'info' })
  assert.equal(await text('inspect_berths', {}, { progressToken: 'walk' }), '4 berths inspected.')
  const of = (method) => client.notifications.filter((message) => message.method === method)
  assert.equal(of('notifications/progress').length, 5)
  assert.equal(of('notifications/message').length, 4)
})
await part('cancellation', async () => {
  const cancelled = assert.rejects(call('inspect_berths'), /not answered/)
  await client.notify('notifications/cancelled', { requestId: client.lastId(), reason: 'Too windy' })
  await cancelled
})
await part('values of a session', async () => {
  await text('logbook', { line: 'Wind from the west.' })
  assert.equal(await text('logbook', { line: 'Rain.' }), 'Wind from the west.\nRain.')
})
await part('a list that changes', async () => {
  const names = async () => (await client.request('tools/list')).tools.map((tool) => tool.name)
  assert.ok(!(await names()).includes('use_crane'))
  await text('open_crane', { open: true })
  await notified('notifications/tools/list_changed')
  assert.ok((await names()).includes('use_crane'))
})
await part('templates, with their list and completion', async () => {
  const { resourceTemplates } = await client.request('resources/templates/list')
  assert.equal(resourceTemplates[0].uriTemplate, 'harbour://berths/{berth}')
  const { resources } = await client.request('resources/list')
  assert.ok(resources.some(({ uri }) => uri === 'harbour://berths/B2'))
  const ref = { type: 'ref/resource', uri: 'harbour://berths/{berth}' }
  const { completion } = await client.request('completion/complete', { ref, argument: { name: 'berth', value: 'b' } })
  assert.deepEqual(completion.values, ['B1', 'B2'])
  await assert.rejects(client.request('resources/read', { uri: 'harbour://berths/Z9' }), { code: -32002 })
})
await part('prompts', async () => {
  const params = { name: 'arrival_report', arguments: { boat: 'Dione', berth: 'A2' } }
  const { messages } = await client.request('prompts/get', params)
  assert.match(messages[0].content.text, /Dione arrived at berth A2/)
})
await part('shutdown, hooks and middleware', async () => {
  assert.ok((await client.close()) < 300)
  assert.equal(visits.requests['tools/call'], 11)
  assert.deepEqual([visits.opened, visits.closed], [1, 1])
})
await running.close({ deadline: 1000 })
