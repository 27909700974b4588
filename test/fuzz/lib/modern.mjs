/** Requests of 2026-07-28: good ones, and ones with something wrong about their envelope, their state or their answers. */
import { oddToken } from './headers.mjs'
import { TOOLS } from './messages.mjs'
import { oddText, oddValue } from './values.mjs'

const KEY = 'io.modelcontextprotocol/'
const ASKING = ['samples', 'elicits', 'lists']

const PARAMS = {
  'server/discover': () => ({}),
  'tools/list': () => ({}),
  'prompts/list': () => ({}),
  'resources/list': () => ({}),
  'resources/templates/list': () => ({}),
  // Tools that end the process' own way are for the other kinds: here every call is answered.
  'tools/call': (random) => ({
    name: random.pick([...TOOLS.filter((name) => name !== 'crash'), ...ASKING]),
    arguments: { text: random.word(), count: random.below(9), list: [random.below(9)] },
  }),
  'resources/read': () => ({ uri: 'thing://a' }),
  'prompts/get': (random) => ({ name: 'greet', arguments: { who: random.word() } }),
  'completion/complete': (random) => ({
    ref: { type: 'ref/prompt', name: 'greet' },
    argument: { name: 'who', value: random.word() },
  }),
}
const METHODS = Object.keys(PARAMS)
const WEIGHTS = Object.fromEntries(METHODS.map((method) => [method, method === 'tools/call' ? 20 : 3]))

function envelope(random) {
  return {
    [`${KEY}protocolVersion`]: '2026-07-28',
    [`${KEY}clientCapabilities`]: { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} },
    ...(random.chance(0.7) && { [`${KEY}clientInfo`]: { name: random.word(), version: '1' } }),
    ...(random.chance(0.3) && { [`${KEY}logLevel`]: random.pick(['debug', 'info', 'emergency']) }),
    ...(random.chance(0.5) && { progressToken: random.chance(0.5) ? random.word() : random.below(99) }),
  }
}

export function goodModern(random, id) {
  const method = random.weighted(WEIGHTS)
  return { jsonrpc: '2.0', id, method, params: { ...PARAMS[method](random), _meta: envelope(random) } }
}

export function anyModern(random, id, tokens) {
  const message = goodModern(random, id)
  const { params } = message
  switch (random.below(7)) {
    case 0:
      params._meta[random.pick(Object.keys(params._meta))] = oddValue(random)
      break
    case 1:
      delete params._meta[random.pick(Object.keys(params._meta))]
      break
    case 2:
      params.requestState = random.chance(0.5) ? oddToken(random, tokens.all) : oddValue(random)
      params.inputResponses = random.chance(0.5) ? { [oddText(random)]: oddValue(random) } : oddValue(random)
      break
    case 3:
      message.method = random.pick(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', random.word()])
      break
    case 4:
      message.method = 'subscriptions/listen'
      params.notifications = random.chance(0.5)
        ? { toolsListChanged: true, resourceSubscriptions: ['test://one'] }
        : oddValue(random)
      break
    case 5:
      params[random.pick(Object.keys(params))] = oddValue(random)
      break
    default:
      delete message.id
  }
  return message
}

/** The headers that mirror a message, as far as it can be mirrored. */
export function modernHeaders({ method, params }, needsKey) {
  const headers = [
    ['host', 'localhost'],
    ['content-type', 'application/json'],
    ['accept', 'application/json, text/event-stream'],
    ['mcp-protocol-version', '2026-07-28'],
    ['mcp-method', encode(method)],
  ]
  const name = params?.name ?? params?.uri
  if (typeof name === 'string') headers.push(['mcp-name', encode(name)])
  if (needsKey) headers.push(['authorization', 'Bearer ada'])
  return headers
}

function encode(text) {
  const plain = String(text)
  return /^[!-~](?:[ -~]*[!-~])?$/.test(plain) ? plain : `=?base64?${Buffer.from(plain).toString('base64')}?=`
}
