/** The headers of a modern request against its body: what routes and what runs must hear the same. */
import { createServer } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { exchange } from '../requirements/http.ts'
import { verifies } from '../requirements/requirements.ts'
import { JSON_BOTH } from '../requirements/session.ts'
import { ADAPTERS, start } from '../requirements/start.ts'
import { ask, call, envelope, KEY, textOf } from './wire.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    limit: { type: 'integer', 'x-mcp-header': 'Limit' },
    dry: { type: ['boolean'], enum: [true, false] },
    flag: { type: 'boolean', 'x-mcp-header': 'Flag' },
    inner: { type: 'object', properties: { deep: { type: 'string', 'x-mcp-header': 'Deep-One' } } },
  },
}

function define() {
  const server = createServer({ name: 'headers', version: '1.0.0' })
  server.tool('sql', { inputSchema: SCHEMA }, (args) => JSON.stringify(args))
  server.tool('plain', {}, () => 'plain')
  server.prompt('名前', {}, () => 'named')
  server.resource('One', 'thing://ünïcode/%20', {}, () => 'read')
  return server
}

const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`

describe.each(ADAPTERS)('%s', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(define(), {}, adapter)
  })

  const mismatch = (outcome: { status: number; error?: { code: number } }) =>
    expect([outcome.status, outcome.error?.code]).toEqual([400, -32020])
  const headers = (more: object) => ({ headers: { ...more } })

  test('case 62: the version header is there and says what the envelope says', async () => {
    verifies('HTTP-30', 'BASE-12')
    mismatch(await ask(url, 'tools/list', {}, headers({ 'mcp-protocol-version': undefined })))
    for (const version of ['2025-11-25', '2026-07-29', '2026-07-28, 2026-07-28', 'v999', '']) {
      mismatch(await ask(url, 'tools/list', {}, headers({ 'mcp-protocol-version': version })))
    }
    const other = { [`${KEY}protocolVersion`]: '2030-01-01' }
    mismatch(await ask(url, 'tools/list', {}, { meta: other }))
  })

  test('case 62: Mcp-Method is there and says what the body says, letter by letter', async () => {
    verifies('HTTP-31')
    mismatch(await ask(url, 'tools/list', {}, headers({ 'mcp-method': undefined })))
    for (const method of ['tools/call', 'Tools/List', 'tools/list, tools/list', 'tools/list/']) {
      mismatch(await ask(url, 'tools/list', {}, headers({ 'mcp-method': method })))
    }
  })

  test('names of headers have no case, and spaces around values do not count', async () => {
    verifies('HTTP-32')
    const odd = { 'mcp-method': undefined, 'MCP-METHOD': '  tools/call ', 'mcp-name': undefined, 'Mcp-NAME': 'plain\t' }
    expect((await call(url, 'plain', {}, headers(odd))).status).toBe(200)
  })

  test('Mcp-Name is there for the three methods that have one', async () => {
    verifies('HTTP-31')
    for (const name of [undefined, 'other', 'Plain', '', 'plain, plain']) {
      mismatch(await call(url, 'plain', {}, headers({ 'mcp-name': name })))
    }
    mismatch(await ask(url, 'prompts/get', { name: '名前' }, headers({ 'mcp-name': undefined })))
    const uri = 'thing://ünïcode/%20'
    mismatch(await ask(url, 'resources/read', { uri }, headers({ 'mcp-name': base64('thing://other') })))
    expect((await ask(url, 'tools/list', {}, headers({ 'mcp-name': 'ignored' }))).status).toBe(200)
  })

  test('what a header can not hold comes as base64, and is decoded before it is compared', async () => {
    verifies('HTTP-32')
    const prompt = await ask(url, 'prompts/get', { name: '名前' }, headers({ 'mcp-name': base64('名前') }))
    expect(prompt.result).toMatchObject({ messages: [{ content: { text: 'named' } }] })
    const uri = 'thing://ünïcode/%20'
    const read = await ask(url, 'resources/read', { uri }, headers({ 'mcp-name': base64(uri) }))
    expect(read.result).toMatchObject({ contents: [{ text: 'read' }] })
    expect((await call(url, 'plain', {}, headers({ 'mcp-name': base64('plain') }))).status).toBe(200)
  })

  test.each([
    ['SGVsbG8', 'no padding'],
    ['SGVsbG8==', 'too much padding'],
    ['SGVs!G8=', 'a character that is none'],
    ['SGVsbG9=', 'bits left over'],
    ['/w==', 'no UTF-8'],
  ])('base64 %s (%s) is refused', async (text) => {
    verifies('HTTP-32', 'HTTP-33')
    // Bits left over are read as the text that they stand for, which is not the body's.
    mismatch(await call(url, 'plain', {}, headers({ 'mcp-name': `=?base64?${text}?=` })))
    const region = { 'mcp-param-region': `=?base64?${text}?=` }
    mismatch(await call(url, 'sql', { region: 'Hello!' }, headers(region)))
  })

  test('without its whole wrapping a value is literal', async () => {
    verifies('HTTP-32')
    for (const region of ['=?base64?SGVsbG8=', 'SGVsbG8=?=', '=?BASE64?SGVsbG8=?=', '=?base64?=']) {
      const outcome = await call(url, 'sql', { region }, headers({ 'mcp-param-region': region }))
      expect(JSON.parse(textOf(outcome))).toEqual({ region })
    }
    const literal = '=?base64?literal?='
    mismatch(await call(url, 'sql', { region: literal }, headers({ 'mcp-param-region': literal })))
    expect((await call(url, 'sql', { region: literal }, headers({ 'mcp-param-region': base64(literal) }))).status).toBe(
      200,
    )
  })

  test('mirrored arguments are there and equal', async () => {
    verifies('HTTP-33')
    const args = { region: 'eu west', limit: 42, flag: false, inner: { deep: ' padded ' } }
    const mirrored = {
      'mcp-param-region': 'eu west',
      'Mcp-Param-LIMIT': '42',
      'mcp-param-flag': 'false',
      'mcp-param-deep-one': base64(' padded '),
    }
    expect(JSON.parse(textOf(await call(url, 'sql', args, headers(mirrored))))).toEqual(args)
    for (const name of Object.keys(mirrored)) {
      mismatch(await call(url, 'sql', args, headers({ ...mirrored, [name]: undefined })))
      mismatch(await call(url, 'sql', args, headers({ ...mirrored, [name]: 'other' })))
    }
  })

  test('integers are compared as numbers', async () => {
    verifies('HTTP-33')
    for (const limit of ['42', '42.0', '4.2e1']) {
      expect((await call(url, 'sql', { limit: 42 }, headers({ 'mcp-param-limit': limit }))).status).toBe(200)
    }
    for (const limit of ['0x2a', '42 ,42', '4 2', '', '42n', 'NaN', '+42', '042']) {
      mismatch(await call(url, 'sql', { limit: 42 }, headers({ 'mcp-param-limit': limit })))
    }
  })

  test('an argument that is null or absent has no header', async () => {
    verifies('HTTP-33')
    const answered = await call(url, 'sql', { inner: {} })
    expect(answered.status).toBe(200)
    mismatch(await call(url, 'sql', {}, headers({ 'mcp-param-region': 'x' })))
    mismatch(await call(url, 'sql', { inner: 'no object' }, headers({ 'mcp-param-deep-one': 'x' })))
    // The argument is refused by the schema, not by the headers.
    expect((await call(url, 'sql', { region: null })).result).toMatchObject({ isError: true })
    expect((await call(url, 'plain', {}, headers({ 'mcp-param-unknown': 'x' }))).status).toBe(200)
  })

  test('a mismatch repeats little of what came', async () => {
    const long = 'x'.repeat(4_000)
    const { error } = await call(url, 'sql', { region: `${long}y` }, headers({ 'mcp-param-region': long }))
    expect(error!.message.length).toBeLessThan(400)
  })

  test('an error names its request, or none where the id can not be read', async () => {
    verifies('BASE-05', 'BASE-06')
    expect((await ask(url, 'tools/list', {}, { id: 'named', ...headers({ 'mcp-method': 'x' }) })).id).toBe('named')
    const head = { ...JSON_BOTH, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }
    for (const id of [null, 1.5, {}, 2 ** 53]) {
      const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list', params: { _meta: envelope() } })
      const reply = await exchange(url, { headers: head, body })
      expect([reply.status, await reply.json()]).toMatchObject([400, { error: { code: -32600 } }])
    }
  })
})

test('characters that a header may not hold are refused', async () => {
  verifies('HTTP-33')
  const url = await start(define())
  const latin = await call(url, 'sql', { region: 'münchen' }, { headers: { 'mcp-param-region': 'münchen' } })
  expect([latin.status, latin.error?.code]).toEqual([400, -32020])
})

test('annotations that clients would refuse are refused when the tool is defined', () => {
  verifies('HTTP-34', 'TOOL-04')
  const bad: [object, RegExp][] = [
    [{ properties: { a: { type: 'string', 'x-mcp-header': '' } } }, /no name of a header/],
    [{ properties: { a: { type: 'string', 'x-mcp-header': 'a b' } } }, /no name of a header/],
    [{ properties: { a: { type: 'string', 'x-mcp-header': 'a\r\nb' } } }, /no name of a header/],
    [{ properties: { a: { type: 'string', 'x-mcp-header': 5 } } }, /no name of a header/],
    [{ properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }, /not on a string, an integer or a boolean/],
    [{ properties: { a: { type: 'object', 'x-mcp-header': 'A' } } }, /not on a string/],
    [{ properties: { a: { 'x-mcp-header': 'A' } } }, /not on a string/],
    [{ 'x-mcp-header': 'A' }, /"properties" alone/],
    [{ properties: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } } }, /"properties" alone/],
    [{ anyOf: [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }] }, /"properties" alone/],
    [{ $defs: { a: { type: 'string', 'x-mcp-header': 'A' } } }, /"properties" alone/],
    [{ if: { properties: { a: { type: 'string', 'x-mcp-header': 'A' } } } }, /"properties" alone/],
    [
      {
        properties: {
          a: { type: 'string', 'x-mcp-header': 'Same' },
          b: { type: 'string', 'x-mcp-header': 'SAME' },
        },
      },
      /twice/,
    ],
  ]
  for (const [schema, message] of bad) {
    const server = createServer({ name: 'bad', version: '1.0.0' })
    expect(() => server.tool('bad', { inputSchema: { type: 'object', ...schema } }, () => 'x')).toThrow(message)
  }
})

test('what only looks like an annotation is none', async () => {
  const server = createServer({ name: 'good', version: '1.0.0' })
  const inputSchema = {
    type: 'object',
    properties: { 'x-mcp-header': { type: 'string' }, a: { type: 'object', default: { 'x-mcp-header': 'A' } } },
  }
  server.tool('good', { inputSchema }, () => 'fine')
  expect(textOf(await call(await start(server), 'good', { 'x-mcp-header': 'x' }))).toBe('fine')
})

test('a page may send the headers that this revision needs', async () => {
  const url = await start(define(), { cors: { origins: ['https://app.example.com'] } })
  const reply = await exchange(url, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'mcp-method, mcp-name, Mcp-Param-Region, x-other, mcp-param-a/b',
    },
  })
  const allowed = String(reply.headers['access-control-allow-headers']).split(', ')
  expect(allowed).toEqual(
    expect.arrayContaining(['mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-param-region']),
  )
  expect(allowed).not.toContain('x-other')
  expect(allowed).not.toContain('mcp-param-a/b')
})
