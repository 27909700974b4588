/**
 * Reads JSON from a stranger: what `JSON.parse` accepts but a server must not.
 *
 * - Nesting: `JSON.parse` of millions of brackets blocks the loop, and whatever is nested deeply breaks
 *   `JSON.stringify` later. Bodies large enough to nest that far are scanned before they are parsed.
 * - Width: 4 MiB of short member names take `JSON.parse` most of a second, and as many elements of the wrong type take
 *   a schema library several.
 * - Repeated members: `JSON.parse` keeps the last one, a proxy in front may have checked the first.
 * - `__proto__` members: harmless until a handler copies them with `Object.assign`.
 * - Members that only look like the envelope's (`Method`, `paramſ`): other parsers fold case, and then check another
 *   message than the one that runs here.
 *
 * @module
 */
import { McpError } from './errors.ts'
import { isObject, type JsonObject } from './jsonrpc.ts'

/** The deepest nesting that is accepted. Protocol messages need about ten levels. */
export const MAX_DEPTH = 64

/**
 * The most values of a body: members, elements, objects and arrays together. Half a million member names block the loop
 * for 0.8 s, and a million elements that a schema refuses for 3 s.
 */
export const MAX_VALUES = 50_000

/** The most members of a message itself: it has six, and extensions may add a few. */
const MAX_ENVELOPE_MEMBERS = 32

/** Shorter bodies are not scanned for depth: they can't nest far enough to hurt. */
export const SCAN_FROM_CHARS = 4096

/**
 * Parses a request body.
 *
 * @throws {McpError} `parse_error` for malformed JSON, `invalid_request` for what the guard refuses.
 */
export function parseJson(text: string): unknown {
  const large = text.length >= SCAN_FROM_CHARS
  if (large) inspect(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new McpError('parse_error', 'The body is not valid JSON.')
  }
  if (large) {
    checkEnvelopeKeys(value)
  } else if (looksOdd(text)) {
    inspect(text)
    checkEnvelopeKeys(value)
  }
  return value
}

/**
 * Whether a short body that parses deserves the full look: it holds an escape, a string other than `_meta` that begins
 * with an underscore, a guarded member twice, or an envelope with unusual members. One pass, and no allocation.
 */
function looksOdd(text: string): boolean {
  if (text.charCodeAt(0) !== 0x7b) return true
  let depth = 0
  let seen = 0
  let inParams = false
  const end = text.length
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const start = at + 1
      if (text.charCodeAt(start) === UNDERSCORE && !text.startsWith('_meta"', start)) return true
      at = start
      for (;;) {
        const inner = text.charCodeAt(at)
        if (inner === QUOTE) break
        if (inner === BACKSLASH) return true
        at++
      }
      if (depth > 2 || depth === 0) continue
      const next = text.charCodeAt(at + 1)
      if (next !== COLON && next > 0x20) continue
      if (depth === 1) {
        const bit = envelopeBit(text, start, at - start)
        if (bit === 0 || (seen & bit) !== 0) return true
        seen |= bit
        inParams = bit === PARAMS_BIT
      } else if (inParams) {
        const length = at - start
        const bit =
          length === 4 && text.startsWith('name', start)
            ? NAME_BIT
            : length === 3 && text.startsWith('uri', start)
              ? URI_BIT
              : 0
        if ((seen & bit) !== 0) return true
        seen |= bit
      }
    } else if (code === 0x7b || code === 0x5b) {
      depth++
    } else if (code === 0x7d || code === 0x5d) {
      depth--
    }
  }
  return false
}

const PARAMS_BIT = 8
const NAME_BIT = 64
const URI_BIT = 128

/** The bit of a member of the envelope; 0 for what is none. */
function envelopeBit(text: string, start: number, length: number): number {
  switch (length) {
    case 2:
      return text.startsWith('id', start) ? 1 : 0
    case 7:
      return text.startsWith('jsonrpc', start) ? 2 : 0
    case 6:
      if (text.startsWith('method', start)) return 4
      if (text.startsWith('params', start)) return PARAMS_BIT
      return text.startsWith('result', start) ? 16 : 0
    case 5:
      return text.startsWith('error', start) ? 32 : 0
    default:
      return 0
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const UNDERSCORE = 0x5f

/**
 * One pass over JSON text that tracks strings and nesting and nothing else; malformed text is left to `JSON.parse`.
 *
 * @throws {McpError} `invalid_request`
 */
function inspect(text: string): void {
  const base = text.trimStart().charCodeAt(0) === 0x5b ? 1 : 0
  let depth = 0
  let values = 0
  let inParams = false
  let envelope = new Set<string>()
  let params = new Set<string>()
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = stringEnd(text, at)
      if (end === -1) return
      if (isKey(text, end)) {
        const key = readKey(text, at, end)
        if (key === '__proto__') throw new McpError('invalid_request', 'A member named __proto__ is not accepted.')
        if (depth === base + 1) {
          addKey(envelope, key)
          if (envelope.size > MAX_ENVELOPE_MEMBERS) {
            throw new McpError('invalid_request', `A message has at most ${MAX_ENVELOPE_MEMBERS} members.`)
          }
          inParams = key === 'params'
        } else if (depth === base + 2 && inParams && (key === 'name' || key === 'uri')) {
          addKey(params, key)
        }
      }
      at = end
    } else if (code === 0x7b || code === 0x5b) {
      depth++
      if (depth > MAX_DEPTH + base) {
        throw new McpError('invalid_request', `The body nests deeper than ${MAX_DEPTH} levels.`)
      }
      if (++values > MAX_VALUES) throw tooManyValues()
      if (depth === base + 1) {
        envelope = new Set()
        params = new Set()
        inParams = false
      }
    } else if (code === 0x7d || code === 0x5d) {
      depth--
    } else if (code === COMMA && ++values > MAX_VALUES) {
      throw tooManyValues()
    }
  }
}

function tooManyValues(): McpError {
  return new McpError('invalid_request', `The body holds more than ${MAX_VALUES} values.`)
}

function addKey(seen: Set<string>, key: string): void {
  if (seen.has(key)) {
    throw new McpError('invalid_request', `The member ${JSON.stringify(key.slice(0, 64))} appears twice.`)
  }
  seen.add(key)
}

function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return -1
}

function isKey(text: string, end: number): boolean {
  for (let at = end + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === COLON) return true
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return false
  }
  return false
}

function readKey(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return raw
  }
}

const ENVELOPE: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/**
 * Refuses members of the envelope that another parser could take for the real ones.
 *
 * @throws {McpError} `invalid_request`
 */
function checkEnvelopeKeys(value: unknown): void {
  if (Array.isArray(value)) for (const message of value) checkEnvelopeKeys(message)
  if (!isObject(value)) return
  for (const key in value as JsonObject) {
    if (key === 'jsonrpc' || key === 'id' || key === 'method' || key === 'params') continue
    if (ENVELOPE.has(key)) continue
    // U+017F and U+212A are the two characters outside ASCII whose case folding lands in ASCII.
    const folded = key.toLowerCase().replaceAll('\u017f', 's').replaceAll('\u212a', 'k')
    if (ENVELOPE.has(folded)) {
      throw new McpError('invalid_request', `Unknown member ${JSON.stringify(key)}; member names are case-sensitive.`)
    }
  }
}
