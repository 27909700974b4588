import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { McpError } from './errors.ts'
import { MAX_DEPTH, MAX_VALUES, parseJson, SCAN_FROM_CHARS } from './json-guard.ts'

/** Short bodies and long ones take different ways through the guard; both must come to the same end. */
const sizes = ['short', 'long'] as const
type Size = (typeof sizes)[number]

/** The body of a request with these members, made long by a text that means nothing. */
function body(members: string, size: Size): string {
  const padding = size === 'long' ? `,"padding":"${'x'.repeat(SCAN_FROM_CHARS)}"` : ''
  return `{"jsonrpc":"2.0","id":1${members}${padding}}`
}

function refusal(text: string): string {
  try {
    parseJson(text)
  } catch (thrown) {
    if (thrown instanceof McpError) return `${thrown.code}: ${thrown.message}`
    throw thrown
  }
  return 'accepted'
}

const PING = ',"method":"ping"'

describe.each(sizes)('in a %s body', (size) => {
  test('an ordinary message is read as JSON.parse reads it', () => {
    const text = body(PING, size)
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  test.each([
    ['id', ',"method":"ping","id":2'],
    ['jsonrpc', ',"method":"ping","jsonrpc":"2.0"'],
    ['method', ',"method":"ping","method":"tools/call"'],
    ['method', ',"method":"ping" , "method" : "tools/call"'],
    ['method', ',"method":"ping","\\u006dethod":"tools/call"'],
    ['method', ',"m\\u0065thod":"ping","method":"tools/call"'],
    ['result', ',"result":{},"result":{}'],
    ['error', ',"error":{},"error":{}'],
    ['x', ',"method":"ping","x":1,"x":2'],
  ])('the member %s twice is refused: %s', (name, members) => {
    expect(refusal(body(members, size))).toBe(`invalid_request: The member "${name}" appears twice.`)
  })

  test('params twice is refused', () => {
    const text = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{"x":"${size === 'long' ? 'x'.repeat(5_000) : ''}"}}`
    expect(refusal(text)).toBe('invalid_request: The member "params" appears twice.')
  })

  test.each(['name', 'uri'])('%s twice in params is refused, since a proxy may have looked at the first', (name) => {
    const rest = size === 'long' ? `,"arguments":{"x":"${'x'.repeat(5_000)}"}` : ''
    for (const second of [`"${name}"`, `"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}"`]) {
      const params = `{"${name}":"harmless",${second} :"other"${rest}}`
      expect(refusal(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`)).toMatch(/appears twice/)
    }
  })

  test('the same names deeper down and as values are none of the guard', () => {
    const inner = '{"id":1,"id":2,"name":"a","name":"b","method":"x","method":"y"}'
    const padding = size === 'long' ? 'x'.repeat(5_000) : ''
    const text = `{"jsonrpc":"2.0","id":"id","method":"params","params":{"name":"name","arguments":${inner},"x":"${padding}"}}`
    expect(parseJson(text)).toMatchObject({ params: { name: 'name', arguments: { id: 2, name: 'b', method: 'y' } } })
    expect(refusal(`{"jsonrpc":"2.0","id":1,"result":{"name":"a","name":"b","x":"${padding}"}}`)).toBe('accepted')
  })

  test.each([
    '"__proto__"',
    '"__proto__" ',
    '"\\u005f_proto__"',
    '"__pr\\u006fto__"',
    '"\\u005F\\u005Fproto\\u005F\\u005f"',
  ])('a member %s is refused at every depth', (name) => {
    for (const wrap of [
      (member: string) => `,"method":"ping",${member}`,
      (member: string) => `,"method":"ping","a":{${member}}`,
      (member: string) => `,"method":"ping","a":[{"b":[{${member}}]}]`,
      (member: string) => `,"method":"ping","params":{${member}}`,
      (member: string) => `,"method":"tools/call","params":{"name":"x","arguments":{"a":[{${member}}]}}`,
    ]) {
      expect(refusal(body(wrap(`${name}:{"admin":true}`), size))).toBe(
        'invalid_request: A member named __proto__ is not accepted.',
      )
    }
  })

  test('__proto__ as a value, and names that only resemble it, are accepted', () => {
    const text = body(',"method":"ping","a":["__proto__",{"proto":1,"__proto":2,"_proto__":3,"x__proto__":4}]', size)
    expect(refusal(text)).toBe('accepted')
  })

  test.each(['Method', 'METHOD', 'ID', 'Params', 'paramſ', 'Jsonrpc', 'reſult', 'ERROR', '\\u004dethod'])(
    'the member %s, which another parser takes for the real one, is refused',
    (name) => {
      expect(refusal(body(`,"method":"ping","${name}":"x"`, size))).toMatch(/^invalid_request: .*case-sensitive/)
    },
  )

  test('no other character folds into the name of a member', () => {
    // Simple case folding, which parsers use for names, has two sources outside ASCII for letters inside.
    const odd = [...Array(0xffff).keys()].filter(
      (code) => code > 0x7f && /[a-z]/i.test(String.fromCharCode(code).toLowerCase()),
    )
    expect(odd.map((code) => code.toString(16))).toEqual(['130', '212a'])
    expect(/ſ/iu.test('s') && /\u212a/iu.test('k')).toBe(true)
    expect(/\u0130/iu.test('i')).toBe(false)
  })

  test('members that extensions add are accepted', () => {
    expect(refusal(body(',"method":"ping","trace":1,"x-y":[{}]', size))).toBe('accepted')
  })

  test.each([
    '',
    '{',
    '{"a":1}x',
    '{"a":}',
    "{'a':1}",
    '{"a":1,}',
    '[',
    'undefined',
    'NaN',
    '\ufeff{}',
    '{"a":"\n"}',
    '"\\x"',
  ])('malformed JSON is a parse error: %j', (text) => {
    expect(refusal(size === 'long' ? ' '.repeat(SCAN_FROM_CHARS) + text : text)).toMatch(/^parse_error: /)
  })

  test('every message of a batch is looked at', () => {
    const padding = size === 'long' ? `,"x":"${'x'.repeat(5_000)}"` : ''
    const good = `{"jsonrpc":"2.0","method":"ping"${padding}}`
    expect(refusal(`[${good},${good}]`)).toBe('accepted')
    expect(refusal(` [${good}, {"jsonrpc":"2.0","method":"ping","method":"x"}]`)).toMatch(/appears twice/)
    expect(refusal(`[${good}, {"jsonrpc":"2.0","method":"ping","Method":"x"}]`)).toMatch(/case-sensitive/)
    expect(refusal(`[${good}, {"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","name":"b"}}]`)).toMatch(
      /twice/,
    )
    expect(refusal(`[${good}, {"__proto__":1}]`)).toMatch(/__proto__/)
  })
})

describe('sizes', () => {
  const long = `"${'x'.repeat(SCAN_FROM_CHARS)}"`
  const nested = (depth: number, open: string, close: string): string =>
    `{"p":${long},"a":${open.repeat(depth - 1)}0${close.repeat(depth - 1)}}`

  test(`${MAX_DEPTH} levels are accepted and one more is not, in objects and lists`, () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      expect(refusal(nested(MAX_DEPTH, open, close))).toBe('accepted')
      expect(refusal(nested(MAX_DEPTH + 1, open, close))).toMatch(/^invalid_request: The body nests deeper than 64/)
    }
  })

  test('a batch has its own level besides', () => {
    const inside = nested(MAX_DEPTH, '[', ']')
    expect(refusal(`[${inside},${inside}]`)).toBe('accepted')
    expect(refusal(`[${nested(MAX_DEPTH + 1, '[', ']')}]`)).toMatch(/nests deeper/)
  })

  test('brackets in strings do not nest, escaped quotes do not end them', () => {
    const text = JSON.stringify({ text: `${'[{'.repeat(5_000)}\\"${'['.repeat(100)}\\\\` })
    expect(refusal(text)).toBe('accepted')
  })

  test('a million brackets are refused without being parsed', () => {
    const begin = performance.now()
    expect(refusal('['.repeat(1_000_000))).toMatch(/nests deeper/)
    expect(performance.now() - begin).toBeLessThan(100)
  })

  const TOO_MANY = `invalid_request: The body holds more than ${MAX_VALUES} values.`

  test('members are counted over all objects', () => {
    const members = (count: number): string => Array.from({ length: count }, (_, at) => `"m${at}":0`).join()
    // Four containers, and as many commas as members but one.
    const text = (count: number): string => `{"params":[{${members(2)}},{${members(count - 5)}}]}`
    expect(refusal(text(MAX_VALUES))).toBe('accepted')
    expect(refusal(text(MAX_VALUES + 1))).toBe(TOO_MANY)
  })

  test('elements count as well, those that are lists twice', () => {
    const text = (count: number): string => `{"list":[${'0,'.repeat(count - 2)}0]}`
    expect(refusal(text(MAX_VALUES))).toBe('accepted')
    expect(refusal(text(MAX_VALUES + 1))).toBe(TOO_MANY)
    const lists = (count: number): string => `{"list":[${'[],'.repeat(count)}0]}`
    expect(refusal(lists(MAX_VALUES / 2 - 1))).toBe('accepted')
    expect(refusal(lists(MAX_VALUES / 2))).toBe(TOO_MANY)
  })

  test('commas and brackets in strings are no values', () => {
    expect(refusal(JSON.stringify({ text: ',[{'.repeat(MAX_VALUES) }))).toBe('accepted')
  })

  test('a message has at most 32 members', () => {
    const text = (count: number): string =>
      `{${Array.from({ length: count }, (_, at) => `"m${at}":${at === 0 ? long : 0}`).join()}}`
    expect(refusal(text(32))).toBe('accepted')
    expect(refusal(text(33))).toMatch(/at most 32 members/)
  })
})

test('whatever JSON.parse reads and the guard accepts is the same value', () => {
  const padded = fc.record({ value: fc.jsonValue({ maxDepth: 5 }), size: fc.constantFrom(...sizes) })
  fc.assert(
    fc.property(padded, ({ value, size }) => {
      const text = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'x',
        params: { value, x: size === 'long' ? 'x'.repeat(5_000) : 0 },
      })
      if (refusal(text) === 'accepted') expect(parseJson(text)).toEqual(JSON.parse(text))
      else expect(text).toContain('__proto__')
    }),
    { numRuns: 500 },
  )
})

test('short and long bodies are judged alike, whatever the envelope', () => {
  const names = fc.constantFrom(
    'id',
    'jsonrpc',
    'method',
    'params',
    'result',
    'error',
    'name',
    'uri',
    'Id',
    'x',
    '__proto__',
    'i\\u0064',
  )
  const values = fc.constantFrom(
    '1',
    '"id"',
    '"method" ',
    '{}',
    '{"name":1,"name":2}',
    '{"uri":1,"x":{"uri":2}}',
    '[{"id":1,"id":2}]',
    'null',
  )
  const spaces = fc.constantFrom('', ' ', '\n')
  const member = fc
    .tuple(names, spaces, values, spaces)
    .map(([name, before, value, after]) => `"${name}"${before}:${value}${after}`)
  let refused = 0
  fc.assert(
    fc.property(fc.array(member, { minLength: 1, maxLength: 5 }), (members) => {
      const short = `{${members.join()}}`
      // White space between the messages of a batch makes it long without changing it.
      const long = `${' '.repeat(SCAN_FROM_CHARS)}${short}`
      const outcome = refusal(short)
      if (outcome !== 'accepted') refused++
      expect(refusal(long)).toBe(outcome)
    }),
    { numRuns: 3_000 },
  )
  expect(refused).toBeGreaterThan(500)
})
