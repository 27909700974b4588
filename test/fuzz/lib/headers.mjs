/** Headers: right, missing, odd, twice, huge. */

const ODD = [
  '',
  ' ',
  ',',
  ';',
  '"',
  '*',
  '*/*',
  'null',
  '-1',
  '0',
  '\u00e9\u00ff',
  'x'.repeat(300),
  'a, b, c',
  'application/json',
  'text/event-stream',
  '2025-11-25',
  'http://localhost',
  '%00%0d%0a',
]

const OPTIONS = {
  'content-type': [
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'text/plain',
    'application/json;charset=latin1',
    'multipart/form-data',
  ],
  accept: [
    '*/*',
    'application/json',
    'text/event-stream',
    'application/json;q=0, */*',
    'text/*, application/*',
    'a/b,'.repeat(500),
  ],
  'mcp-protocol-version': ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2026-07-28', 'x'],
  'mcp-method': ['ping', 'tools/call', 'x', '=?base64?dG9vbHMvY2FsbA==?=', '=?base64?%?='],
  'mcp-name': ['echo', 'typed', '=?base64?ZWNobw==?=', '=?base64?gA==?=', '=?base64??='],
  origin: ['http://localhost:1', 'https://app.example.com', 'http://evil.com', 'null'],
  'sec-fetch-site': ['cross-site', 'same-origin', 'none'],
  host: ['localhost', '127.0.0.1:1', '[::1]', 'evil.com', 'localhost.'],
  authorization: ['Bearer ada', 'Bearer bob', 'Bearer', 'Basic YTpi', 'Bearer nobody'],
  connection: ['keep-alive', 'close', 'upgrade', 'x'],
  upgrade: ['websocket', 'h2c'],
  expect: ['100-continue', 'x'],
  'content-encoding': ['gzip', 'identity'],
  'x-forwarded-host': ['evil.com'],
  'x-http-method-override': ['DELETE'],
  cookie: ['mcp-session-id=x'],
  te: ['trailers'],
}

/** The headers of a good request to a kind of server. */
export function goodHeaders(random, { revision, session, needsKey }) {
  const headers = [
    ['host', 'localhost'],
    ['content-type', 'application/json'],
    ['accept', 'application/json, text/event-stream'],
  ]
  if (session !== undefined) headers.push(['mcp-session-id', session])
  if (revision !== undefined && (revision !== '2025-03-26' || random.chance(0.3)))
    headers.push(['mcp-protocol-version', revision])
  if (needsKey) headers.push(['authorization', 'Bearer ada'])
  return headers
}

/** A token of ours with something wrong about it, or made up. */
export function oddToken(random, tokens) {
  const token = random.pick(tokens)
  switch (random.below(9)) {
    case 0:
      return token.slice(0, random.below(token.length))
    case 1:
      return token + random.word()
    case 2: {
      const at = random.below(token.length)
      return (
        token.slice(0, at) + String.fromCharCode(token.charCodeAt(at) ^ (1 << random.below(5))) + token.slice(at + 1)
      )
    }
    case 3:
      return token.split('').reverse().join('')
    case 4:
      return token.toUpperCase()
    case 5:
      return `${token}, ${random.pick(tokens)}`
    case 6:
      return random.word(random.pick([1, 22, 100, 511, 512, 513, 4_000]))
    case 7:
      return random.pick(['f1...', 'f1.a.b.c', 'r.a.1.n1.0.x', 's.birth.0.x.0.y', '0', '*'])
    default:
      return token
  }
}

/** Changes a list of headers in place. */
export function mutateHeaders(random, headers, tokens) {
  for (let changes = random.between(1, 3); changes > 0; changes--) {
    const at = random.below(headers.length)
    switch (random.below(10)) {
      case 0:
        if (headers.length > 1) headers.splice(at, 1)
        break
      case 1:
        headers.push([...headers[at]])
        break
      case 2:
        headers[at] = [headers[at][0], random.pick(ODD)]
        break
      case 3:
        headers[at] = [random.pick([headers[at][0].toUpperCase(), `x-${headers[at][0]}`]), headers[at][1]]
        break
      case 4:
        headers.push([random.word(), random.pick(ODD)])
        break
      case 5:
        headers.push([random.word(), 'y'.repeat(random.pick([1_000, 8_000, 15_000, 17_000, 40_000]))])
        break
      case 6:
        setHeader(headers, random, 'mcp-session-id', oddToken(random, tokens.all))
        break
      case 7:
        setHeader(headers, random, 'last-event-id', oddToken(random, tokens.all))
        break
      default: {
        const name = random.pick(Object.keys(OPTIONS))
        setHeader(headers, random, name, random.pick(OPTIONS[name]))
      }
    }
  }
}

function setHeader(headers, random, name, value) {
  const known = headers.findIndex((header) => header[0] === name)
  if (known === -1 || random.chance(0.1)) headers.push([name, value])
  else headers[known] = [name, value]
}
