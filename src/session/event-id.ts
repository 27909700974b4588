/**
 * SSE event ids say which stream they belong to and where in it they stand, signed with a key of the session and its
 * principal: an id of another session does not verify, and nothing needs to be looked up to find that out.
 *
 *     request stream   r.<replica>.<call>.<JSON-RPC id>.<sequence>[f].<signature>     f: the final event
 *     session stream   s.<mailbox position>.<cluster position>.<catalogue>.<sequence>.<signature>
 *
 * @see the specification, basic/transports, "Resumability and Redelivery"
 * @module
 */
import type { Position } from '../engine/engine.ts'
import { decodeBase64url, encodeBase64url } from '../wire/base64url.ts'
import type { RequestId } from '../wire/jsonrpc.ts'
import { type SipKey, sipHashText, sipVerifies } from './siphash.ts'

/** The longest event id in bytes; proxies limit header lines, and it comes back as one. */
export const MAX_EVENT_ID_BYTES = 512

export interface RequestEventId {
  readonly stream: 'request'
  readonly replica: string
  readonly call: number
  /** The JSON-RPC id that the stream answers: an error must name it even when all else about the call is gone. */
  readonly requestId: RequestId
  readonly sequence: number
  /** The last event of its stream: there is nothing to resume after it. */
  readonly final: boolean
}

export interface SessionEventId {
  readonly stream: 'session'
  readonly mailbox: Position
  readonly cluster: Position
  /** What the lists looked like when the event was sent. */
  readonly catalogue: string
  /** Tells apart events that share both positions. */
  readonly sequence: number
}

/** What the ids of a replica's request streams begin with: 24 characters, which is a multiple of eight. */
export function requestEventBegin(replica: string): string {
  return `r.${replica}`
}

/** What the ids of one request stream go on with. */
export function requestEventMiddle(call: number, requestId: RequestId): string {
  return `.${call.toString(36)}.${encodeId(requestId)}.`
}

/** @param key the session's event key after `begin`. */
export function requestEventId(key: SipKey, begin: string, middle: string, sequence: number, final: boolean): string {
  const text = final ? `${middle}${sequence}f` : middle + sequence
  return `${begin}${text}.${sipHashText(key, text)}`
}

export function sessionEventId(key: SipKey, id: Omit<SessionEventId, 'stream'>): string {
  const text = `s.${id.mailbox}.${id.cluster}.${id.catalogue}.${id.sequence.toString(36)}`
  return `${text}.${sipHashText(key, text)}`
}

/** Reads and verifies a `Last-Event-ID`; `undefined` for everything that this session was not given. */
export function readEventId(key: SipKey, id: string): RequestEventId | SessionEventId | undefined {
  const split = id.lastIndexOf('.')
  if (id.length > MAX_EVENT_ID_BYTES || split === -1 || !/^[!-~]+$/.test(id)) return undefined
  const text = id.slice(0, split)
  if (!sipVerifies(key, text, id.slice(split + 1))) return undefined
  const parts = text.split('.')
  if (parts[0] === 'r' && parts.length === 5) {
    const requestId = decodeId(parts[3]!)
    if (requestId === undefined) return undefined
    const final = parts[4]!.endsWith('f')
    return {
      stream: 'request',
      replica: parts[1]!,
      call: Number.parseInt(parts[2]!, 36),
      requestId,
      sequence: Number.parseInt(parts[4]!, 10),
      final,
    }
  }
  if (parts[0] === 's' && parts.length === 5) {
    return {
      stream: 'session',
      mailbox: parts[1]!,
      cluster: parts[2]!,
      catalogue: parts[3]!,
      sequence: Number.parseInt(parts[4]!, 36),
    }
  }
  return undefined
}

const PLAIN = /^[A-Za-z0-9_-]*$/

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function encodeId(id: RequestId): string {
  if (typeof id === 'number') return `n${id}`
  return PLAIN.test(id) ? `p${id}` : `b${encodeBase64url(new TextEncoder().encode(id))}`
}

function decodeId(text: string): RequestId | undefined {
  const rest = text.slice(1)
  if (text[0] === 'n') return Number(rest)
  if (text[0] === 'p') return rest
  const bytes = decodeBase64url(rest)
  return bytes && decoder.decode(bytes)
}
