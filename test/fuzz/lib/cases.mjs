/**
 * Cases: bytes to send, and what must come back. A case is made of the seed and its number alone, so that it can be
 * made again.
 */
import { headBytes, requestBytes } from './environment.mjs'
import { goodHeaders, mutateHeaders, oddToken } from './headers.mjs'
import { anyBatch, anyMessage, validRequest, write } from './messages.mjs'
import { anyModern, goodModern, modernHeaders } from './modern.mjs'
import { Random } from './random.mjs'
import { oddValue, withoutProto } from './values.mjs'

/**
 * @typedef {object} Case
 * @property {number} index
 * @property {string} kind
 * @property {string} target the name of the endpoint
 * @property {string[]} writes bytes, written one after the other
 * @property {import('./oracle.mjs').Sent[]} sent the requests in them
 * @property {boolean} whole every request is complete HTTP, so each is answered
 * @property {boolean} [single] it is one request that is complete, though the server may hang up after it
 * @property {'keep' | 'reset' | 'finish'} end what happens to the connection afterwards
 * @property {string} [dialogue] instead of all this: a conversation
 */

const KINDS = {
  request: 26,
  message: 22,
  batch: 4,
  headers: 12,
  bytes: 12,
  cut: 6,
  chunked: 6,
  pipeline: 3,
  modern: 14,
  get: 4,
  delete: 2,
  other: 3,
  garbage: 1,
  dialogue: 3,
}
const TARGETS = { sse: 50, json: 12, auto: 14, stateless: 12, guarded: 12 }
const DIALOGUES = ['life', 'ask', 'resume', 'cancel', 'replace', 'poll']

/** How many large bodies a run has at most: each keeps a socket busy for as long as a thousand small ones. */
const LARGE_EVERY = 1_500

/** @returns {Case} */
export function makeCase(seed, index, targets) {
  const random = new Random(seed, index)
  const target = targets[random.weighted(TARGETS)]
  const large = index % LARGE_EVERY === LARGE_EVERY - 1
  const kind = large ? 'large' : random.weighted(KINDS)
  return { index, target: target.name, ...MAKERS[kind](random, target, index), kind }
}

const MAKERS = {
  request(random, target, index) {
    const { bytes, sent } = goodRequest(random, target, `c${index}`)
    return { writes: split(random, bytes), sent: [sent], whole: true, end: 'keep' }
  },

  message: (random, target) => post(random, target, write(random, anyMessage(random, target))),
  batch: (random, target) => post(random, target, write(random, anyBatch(random, target))),

  headers(random, target) {
    const session = random.pick(target.sessions)
    const headers = goodHeaders(random, { ...session, session: session.id, needsKey: target.needsKey })
    mutateHeaders(random, headers, target)
    const body = write(random, anyMessage(random, target))
    // A huge or malformed header is refused by the parser, which then ends the connection.
    return {
      writes: [requestBytes('POST', '/mcp', headers, body)],
      sent: [{ method: 'POST' }],
      whole: false,
      single: true,
      end: 'keep',
    }
  },

  bytes(random, target, index) {
    let { bytes } = random.chance(0.5)
      ? goodRequest(random, target, `c${index}`)
      : { bytes: post(random, target, write(random, anyMessage(random, target))).writes.join('') }
    for (let changes = random.between(1, 4); changes > 0; changes--) bytes = mutateBytes(random, bytes)
    return {
      writes: split(random, bytes),
      sent: [{ method: 'POST' }],
      whole: false,
      end: random.pick(['reset', 'finish']),
    }
  },

  cut(random, target, index) {
    const { bytes } = goodRequest(random, target, `c${index}`)
    return {
      writes: [bytes.slice(0, random.below(bytes.length))],
      sent: [{ method: 'POST' }],
      whole: false,
      end: random.pick(['reset', 'finish']),
    }
  },

  chunked(random, target, index) {
    const session = random.pick(target.sessions)
    const { request, sent } = goodMessage(random, target, session, `c${index}`)
    const headers = goodHeaders(random, {
      revision: session.revision,
      session: sent.session,
      needsKey: target.needsKey,
    })
    headers.push(['transfer-encoding', 'chunked'])
    const broken = random.chance(0.4)
    let body = chunks(random, Buffer.from(JSON.stringify(request), 'utf8').toString('latin1'))
    if (broken) body = random.chance(0.5) ? mutateBytes(random, body) : breakChunks(random, body)
    return {
      writes: split(random, headBytes('POST', '/mcp', headers) + body),
      sent: [broken ? { method: 'POST' } : sent],
      whole: !broken,
      end: broken ? random.pick(['reset', 'finish']) : 'keep',
    }
  },

  pipeline(random, target, index) {
    const requests = Array.from({ length: random.between(2, 8) }, (_, n) =>
      goodRequest(random, target, `c${index}-${n}`),
    )
    return {
      writes: split(random, requests.map(({ bytes }) => bytes).join('')),
      sent: requests.map(({ sent }) => sent),
      whole: true,
      end: 'keep',
    }
  },

  modern(random, target, index) {
    const good = random.chance(0.5)
    const message = good ? withoutProto(goodModern(random, `m${index}`)) : anyModern(random, `m${index}`, target)
    const headers = modernHeaders(message, target.needsKey)
    if (!good && random.chance(0.5)) mutateHeaders(random, headers, target)
    const body = good ? JSON.stringify(message) : write(random, message)
    const bytes = requestBytes('POST', '/mcp', headers, body)
    const sent = { method: 'POST', strict: true, id: message.id, token: message.params?._meta?.progressToken }
    if (good) return { writes: split(random, bytes), sent: [sent], whole: true, end: 'keep' }
    return { writes: [bytes], sent: [{ method: 'POST' }], whole: false, single: true, end: 'reset' }
  },

  get(random, target) {
    const session = random.pick(target.sessions)
    const headers = goodHeaders(random, { ...session, session: session.id, needsKey: target.needsKey }).filter(
      ([name]) => name !== 'content-type',
    )
    if (random.chance(0.8))
      headers.push(['last-event-id', random.chance(0.3) ? random.pick(target.all) : oddToken(random, target.all)])
    if (random.chance(0.3)) mutateHeaders(random, headers, target)
    return {
      writes: [headBytes('GET', '/mcp', headers)],
      sent: [{ method: 'GET' }],
      whole: false,
      single: true,
      end: random.pick(['reset', 'finish']),
    }
  },

  delete(random, target) {
    const headers = goodHeaders(random, { revision: '2025-11-25', needsKey: target.needsKey })
    // Never one that is good: other cases use those.
    const token = oddToken(random, target.all)
    headers.push(['mcp-session-id', target.sessions.some(({ id }) => id === token) ? `${token}x` : token])
    return {
      writes: [headBytes('DELETE', random.pick(['/mcp', '/mcp/']), headers)],
      sent: [{ method: 'DELETE' }],
      whole: false,
      single: true,
      end: 'keep',
    }
  },

  other(random, target) {
    const method = random.pick([
      'OPTIONS',
      'PUT',
      'PATCH',
      'HEAD',
      'TRACE',
      'PROPFIND',
      'SEARCH',
      'M-SEARCH',
      'GET',
      'POST',
      'CONNECT',
      random.word().toUpperCase(),
    ])
    const path = random.pick([
      '/mcp',
      '/',
      '/healthz',
      '/readyz',
      '/mcp/x',
      '//mcp',
      '*',
      'http://localhost/mcp',
      '/%',
      '/mcp?'.padEnd(3_000, 'a'),
      `/${random.word()}`,
    ])
    const headers = goodHeaders(random, {
      revision: '2025-11-25',
      session: random.pick(target.sessions).id,
      needsKey: target.needsKey,
    })
    if (random.chance(0.3))
      headers.push(
        ['origin', random.pick(['https://app.example.com', 'http://evil.com'])],
        ['access-control-request-method', 'POST'],
      )
    if (random.chance(0.3)) mutateHeaders(random, headers, target)
    return {
      writes: [headBytes(method, path, headers)],
      sent: [{ method }],
      whole: false,
      single: true,
      end: random.pick(['reset', 'finish']),
    }
  },

  garbage(random) {
    const bytes = random.chance(0.3) ? random.pick(FOREIGN) : random.bytes(random.pick([1, 2, 10, 100, 1_000, 20_000]))
    return {
      writes: split(random, bytes),
      sent: [{ method: 'POST' }],
      whole: false,
      end: random.pick(['reset', 'finish']),
    }
  },

  large(random, target) {
    const session = random.pick(target.sessions)
    const headers = goodHeaders(random, { ...session, session: session.id, needsKey: target.needsKey })
    const args = largeText(random)
    const name = random.pick(['echo', 'typed', 'schema', 'values'])
    const body = `{"jsonrpc":"2.0","id":"large","method":"tools/call","params":{"name":"${name}","arguments":${args}}}`
    return {
      writes: [requestBytes('POST', '/mcp', headers, body)],
      sent: [{ method: 'POST' }],
      whole: true,
      end: 'reset',
    }
  },

  dialogue: (random, target) => ({
    dialogue: target.name === 'stateless' ? 'life' : random.pick(DIALOGUES),
    writes: [],
    sent: [],
    whole: true,
    end: 'keep',
  }),
}

/** Bodies of up to 4 MiB, each hard on a different part of the way. */
function largeText(random) {
  const size = random.pick([4_096, 100_000, 1_000_000, 4_000_000])
  const many = (piece, join = ',') => {
    const parts = []
    for (let length = 0, n = 0; length < size; n++) {
      const part = piece(n.toString(36))
      parts.push(part)
      length += part.length + 1
    }
    return parts.join(join)
  }
  switch (random.below(12)) {
    case 0:
      return `{"text":"${'x'.repeat(size)}","count":1,"list":[]}`
    case 1:
      return `{"text":"${random.pick(['é', '😀', '\\\\', '\\"', '\\u0041', '\\ud800']).repeat(size / 8)}"}`
    case 2:
      return '['.repeat(size)
    case 3:
      return `{"a":${'['.repeat(60)}${'1,'.repeat(size / 2)}1${']'.repeat(60)}}`
    case 4:
      return `{${many((n) => `"${n}":1`)}}`
    case 5:
      return `{${many((n) => `"${Number.parseInt(n, 36)}":1`)}}`
    case 6:
      return `{"list":[${many(() => '""')}]}`
    case 7:
      return `{"list":[${many((n) => `{"${n}":[]}`)}]}`
    case 8:
      return `{"text":${'1'.repeat(size)}}`
    case 9:
      return `{"list":[${many((n) => `1.${Number.parseInt(n, 36)}e-300`)}]}`
    case 10:
      return `{${many((n) => `"${'k'.repeat(100)}${n}":"__proto__"`)}}`
    default:
      return `${' '.repeat(size)}{}`
  }
}

const FOREIGN = [
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'GET / HTTP/0.9\r\n\r\n',
  'GET /mcp HTTP/1.1\r\n\r\n',
  '\r\n\r\n\r\n',
  'POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 18446744073709551616\r\n\r\n',
  '\0'.repeat(100),
  'SSH-2.0-OpenSSH_9.0\r\n',
  '{"jsonrpc":"2.0","id":1,"method":"ping"}',
]

/** A good request, and what its answer must be. */
function goodRequest(random, target, id) {
  const session = random.pick(target.sessions)
  const { request, sent } = goodMessage(random, target, session, id)
  const headers = goodHeaders(random, { revision: session.revision, session: sent.session, needsKey: target.needsKey })
  return {
    bytes: requestBytes('POST', random.pick(['/mcp', '/mcp/', '/mcp?a=b']), headers, JSON.stringify(request)),
    sent,
  }
}

function goodMessage(random, target, session, name) {
  const id = random.chance(0.5) ? name : random.chance(0.5) ? `${name}-é😀"\\` : Number(name.replace(/\D/g, ''))
  const request = withoutProto(validRequest(random, target, id))
  const sent = { method: 'POST', strict: true, id, token: request.params._meta?.progressToken }
  return { request, sent: { ...sent, session: request.method === 'initialize' ? undefined : session.id } }
}

function post(random, target, body) {
  const session = random.pick(target.sessions)
  const headers = goodHeaders(random, { ...session, session: session.id, needsKey: target.needsKey })
  const bytes = Buffer.from(body, 'utf8').toString('latin1')
  return {
    writes: split(random, requestBytes('POST', '/mcp', headers, body)),
    sent: [{ method: 'POST', body: bytes }],
    whole: true,
    end: 'keep',
  }
}

/** The same bytes in one write, mostly, or in several. */
function split(random, bytes) {
  if (random.chance(0.9)) return [bytes]
  const writes = []
  for (let at = 0; at < bytes.length; ) {
    const length = random.pick([1, 10, 100, 1_000, bytes.length])
    writes.push(bytes.slice(at, at + length))
    at += length
    if (writes.length > 20) {
      writes.push(bytes.slice(at))
      break
    }
  }
  return writes
}

function mutateBytes(random, bytes) {
  if (bytes === '') return random.bytes(1)
  const at = random.below(bytes.length)
  switch (random.below(8)) {
    case 0:
      return (
        bytes.slice(0, at) + String.fromCharCode(bytes.charCodeAt(at) ^ (1 << random.below(8))) + bytes.slice(at + 1)
      )
    case 1:
      return bytes.slice(0, at) + random.bytes(random.between(1, 4)) + bytes.slice(at)
    case 2:
      return bytes.slice(0, at) + bytes.slice(at + random.between(1, 20))
    case 3:
      return bytes.slice(0, at) + bytes.slice(at, at + random.between(1, 50)).repeat(2) + bytes.slice(at + 50)
    case 4:
      return bytes.slice(0, at)
    case 5:
      return (
        bytes.slice(0, at) +
        random.pick([
          '\r\n',
          '\n',
          '\r',
          '\0',
          ' ',
          '"',
          '{',
          '}',
          '[',
          ',',
          ':',
          '\\',
          '\xff',
          '\xc3',
          '\xed\xa0\x80',
        ]) +
        bytes.slice(at)
      )
    case 6:
      return bytes.replace(/\d+/, random.pick(['0', '-1', '99999999999', '1e3', '007', '0x10', '']))
    default: {
      const other = random.below(bytes.length)
      const [low, high] = at < other ? [at, other] : [other, at]
      return bytes.slice(0, low) + bytes.slice(high) + bytes.slice(low, high)
    }
  }
}

function chunks(random, bytes) {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.slice(at, at + random.pick([1, 3, 16, 100, bytes.length]))
    const size = random.chance(0.2)
      ? piece.length.toString(16).toUpperCase().padStart(6, '0')
      : piece.length.toString(16)
    text += `${size}${random.chance(0.1) ? ';a=b;c="d"' : ''}\r\n${piece}\r\n`
    at += piece.length
  }
  return `${text}0\r\n${random.chance(0.1) ? 'x-trailer: y\r\n' : ''}\r\n`
}

function breakChunks(random, text) {
  return random.pick([
    text.slice(0, -5),
    text.replace('0\r\n\r\n', ''),
    text.replace(/^[0-9a-f]+/i, 'fffffffff'),
    text.replace(/^[0-9a-f]+/i, ''),
    text.replace('\r\n', '\n'),
    text.replace('\r\n', `;${'x'.repeat(20_000)}\r\n`),
    `${text}${text}`,
    `ffff\r\n${JSON.stringify(oddValue(random))}`,
  ])
}
