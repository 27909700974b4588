/** JSON-RPC messages of MCP: every method with parameters that make sense, and what grows from them. */
import { mutateValue, oddText, oddValue } from './values.mjs'

export const TOOLS = ['echo', 'typed', 'schema', 'later', 'talks', 'refuses', 'throws', 'crash', 'closes', 'values']
const URIS = [
  'test://one',
  'test://two',
  'thing://a',
  'thing://a/b',
  'thing://a%2Fb?x=1&y=2',
  'list://x/y/z?tags=a&tags=b#c',
  'none://x',
]

const PARAMS = {
  initialize: (random) => ({
    protocolVersion: random.pick(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2030-01-01']),
    capabilities: random.pick([
      {},
      { sampling: {}, elicitation: {}, roots: { listChanged: true } },
      { experimental: { x: {} } },
    ]),
    clientInfo: {
      name: random.word(),
      version: '1',
      ...(random.chance(0.2) && { icons: [{ src: 'data:image/png;base64,AAAA' }] }),
    },
  }),
  ping: () => ({}),
  'tools/list': (random, { cursors }) => (random.chance(0.4) ? { cursor: random.pick(cursors) } : {}),
  'tools/call': (random) => ({ name: random.pick(TOOLS), arguments: toolArguments(random) }),
  'resources/list': (random, { cursors }) => (random.chance(0.3) ? { cursor: random.pick(cursors) } : {}),
  'resources/templates/list': () => ({}),
  'resources/read': (random) => ({ uri: random.pick(URIS) }),
  'resources/subscribe': (random) => ({ uri: random.pick(URIS) }),
  'resources/unsubscribe': (random) => ({ uri: random.pick(URIS) }),
  'prompts/list': () => ({}),
  'prompts/get': (random) => ({ name: 'greet', arguments: { who: random.word() } }),
  'completion/complete': (random) => ({
    ref: random.pick([
      { type: 'ref/prompt', name: 'greet' },
      { type: 'ref/resource', uri: 'thing://{id}' },
    ]),
    argument: { name: random.pick(['who', 'id', 'none']), value: random.word() },
    ...(random.chance(0.3) && { context: { arguments: { a: 'b' } } }),
  }),
  'logging/setLevel': (random) => ({ level: random.pick(['debug', 'info', 'warning', 'error', 'emergency']) }),
  // Inside a session it is an unknown method.
  'server/discover': () => ({}),
  'tasks/list': () => ({}),
}
const METHODS = Object.keys(PARAMS)

/** State changes append to a log, so they are less frequent than the rest. */
const WEIGHTS = Object.fromEntries(
  METHODS.map((method) => [
    method,
    /setLevel|subscribe/.test(method) ? 2 : method === 'tools/call' ? 40 : method === 'initialize' ? 6 : 8,
  ]),
)

const NOTIFICATIONS = {
  'notifications/initialized': () => undefined,
  'notifications/cancelled': (random) => ({ requestId: random.pick([0, 1, 2, 'x', 'loose']), reason: random.word() }),
  'notifications/progress': (random) => ({
    progressToken: random.pick([0, 'x', random.word(22)]),
    progress: random.below(10),
  }),
  'notifications/roots/list_changed': () => undefined,
  'notifications/none': () => ({}),
}

function toolArguments(random) {
  if (random.chance(0.2)) return { [oddText(random)]: oddValue(random) }
  const text = random.chance(0.2) ? oddText(random) : random.word()
  return { text, count: random.below(5), list: Array.from({ length: random.below(4) }, () => random.below(9)) }
}

/**
 * A request that is right in every part.
 *
 * @returns {{ jsonrpc: string, id: unknown, method: string, params?: object }}
 */
export function validRequest(random, tokens, id) {
  const method = random.weighted(WEIGHTS)
  const params = PARAMS[method](random, tokens)
  if (method !== 'initialize' && random.chance(0.3)) params._meta = { progressToken: random.pick([1, 'p', id]) }
  return { jsonrpc: '2.0', id, method, params }
}

/** An id that other cases use as well, or that is none. */
export function looseId(random) {
  return random.pick([
    0,
    1,
    2,
    'x',
    'loose',
    '',
    -1,
    1.5,
    null,
    true,
    [],
    {},
    2 ** 53,
    'é'.repeat(64),
    'y'.repeat(129),
    oddText(random),
  ])
}

function notification(random) {
  const method = random.pick(Object.keys(NOTIFICATIONS))
  const params = NOTIFICATIONS[method](random)
  return { jsonrpc: '2.0', method, ...(params && { params }) }
}

function response(random) {
  const id = random.pick([0, 'x', `${random.word(22)}.1.${random.word(22)}.0`, null])
  return random.chance(0.5)
    ? { jsonrpc: '2.0', id, result: random.pick([{}, { roots: [] }, { action: 'accept', content: {} }]) }
    : { jsonrpc: '2.0', id, error: { code: -32603, message: 'no' } }
}

/** Any message: mostly a request, often with something wrong about it. */
export function anyMessage(random, tokens) {
  const kind = random.weighted({ request: 60, notification: 15, response: 15, nothing: 3 })
  const message =
    kind === 'request'
      ? validRequest(random, tokens, looseId(random))
      : kind === 'notification'
        ? notification(random)
        : kind === 'response'
          ? response(random)
          : oddValue(random)
  let changed = message
  for (let changes = random.below(4); changes > 0; changes--) changed = mutateValue(random, changed)
  return changed
}

export function anyBatch(random, tokens) {
  const length = random.pick([0, 1, 2, 3, 5, 20, 50, 51])
  return Array.from({ length }, () => (random.chance(0.1) ? [anyMessage(random, tokens)] : anyMessage(random, tokens)))
}

/** A value as JSON text, as odd as JSON allows, or a little odder. */
export function write(random, value) {
  const text = JSON.stringify(value) ?? 'undefined'
  switch (random.below(14)) {
    case 0:
      return JSON.stringify(value, null, random.pick([1, '\t', ' \r\n'])) ?? ''
    case 1:
      return ` \t\r\n${text}\n\n`
    case 2:
      return `\ufeff${text}`
    case 3:
      return text.replace(
        /"([a-z]+)":/,
        (_, key) => `"\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}":`,
      )
    case 4:
      return text.replace(/^\{/, '{"jsonrpc":"2.0",')
    case 5:
      return text.replace(
        /\}$/,
        `,"${random.pick(['method', 'id', 'params', 'extra'])}":${JSON.stringify(oddValue(random))}}`,
      )
    case 6:
      return text.replace(/\d+/, random.pick(['1e999', '-', '01', '0x1', 'NaN', '1_000', '.5', '1.', '9'.repeat(400)]))
    case 7:
      return random.pick([
        `${text},`,
        `${text}${text}`,
        `[${text}`,
        `(${text})`,
        `/**/${text}`,
        text.replaceAll('"', "'"),
      ])
    default:
      return text
  }
}
