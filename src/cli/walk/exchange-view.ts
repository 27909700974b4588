/**
 * Shows HTTP exchanges as they happen. Streams overlap: lines of an exchange that is not the one above them begin
 * with a heading that names it.
 *
 * @module
 */
import type {
  HeaderRecord,
  Observation,
  ObservedEnd,
  ObservedEvent,
  ObservedRequest,
  ObservedResponse,
} from '../../testing/client/index.ts'
import { LAST_EVENT_ID, PROTOCOL_VERSION, SESSION_ID, SSE_TYPE } from '../../wire/headers.ts'
import { isObject } from '../../wire/jsonrpc.ts'
import { jsonLines } from '../terminal/json-text.ts'
import type { Printer } from '../terminal/printer.ts'
import type { Style } from '../terminal/style.ts'
import { duration, oneLine, plural, printable, shortened } from '../terminal/text.ts'
import { createEnvelopeFilter } from './envelope.ts'
import { messageLabel, parsed, requestLabel } from './labels.ts'
import { shownHeader, shownMessage } from './redact.ts'

export interface ExchangeViewOptions {
  readonly printer: Printer
  readonly style: Style
  /** Every header, every line and every character. */
  readonly full: boolean
}

/** The headers that matter, spelled as the specification spells them. */
const SPELLING: Readonly<Record<string, string>> = {
  accept: 'Accept',
  'content-type': 'Content-Type',
  [SESSION_ID]: 'Mcp-Session-Id',
  [PROTOCOL_VERSION]: 'MCP-Protocol-Version',
  'mcp-method': 'Mcp-Method',
  'mcp-name': 'Mcp-Name',
  [LAST_EVENT_ID]: 'Last-Event-ID',
  'retry-after': 'Retry-After',
  'www-authenticate': 'WWW-Authenticate',
  allow: 'Allow',
  location: 'Location',
}

/** Arguments of tools that are repeated in headers. */
const PARAM = 'mcp-param-'

function spellingOf(name: string): string | undefined {
  return name.startsWith(PARAM) ? `Mcp-Param-${name.slice(PARAM.length)}` : SPELLING[name]
}

const HEADER_COLUMN = 22
const INDENT = '   '
const FRAME_INDENT = '     '

/** Limits of what is shown of one message unless everything is asked for. */
const MAX_LINES = 32
const MAX_STRING = 240

interface Shown {
  readonly label: string
  readonly startedAt: number
  answered: boolean
  stream: boolean
}

/** Takes observations in their order and prints them. */
export interface ExchangeView {
  show(observation: Observation): void
}

export function createExchangeView(options: ExchangeViewOptions): ExchangeView {
  return new TextExchangeView(options)
}

class TextExchangeView implements ExchangeView {
  readonly #printer: Printer
  readonly #style: Style
  readonly #full: boolean
  readonly #open = new Map<number, Shown>()
  /** The exchange that the last printed lines belong to. */
  #current = 0
  /** Methods whose usual headers were shown, and session ids that were: repeating them hides what is new. */
  readonly #known = new Set<string>()
  readonly #envelopes = createEnvelopeFilter()

  constructor({ printer, style, full }: ExchangeViewOptions) {
    this.#printer = printer
    this.#style = style
    this.#full = full
  }

  show(observation: Observation): void {
    const { exchange, at, type } = observation
    if (type === 'request') {
      this.#request(observation)
      return
    }
    const shown = this.#open.get(exchange)
    if (!shown) return
    const since = duration(at - shown.startedAt)
    if (type === 'response') this.#response(observation, shown, since)
    else if (type === 'end') this.#end(observation, shown, since)
    // A keep-alive of a stream in the background is not worth a heading of its own.
    else if (type !== 'comment' || this.#full || this.#current === exchange) {
      this.#goOn(exchange, shown)
      if (type === 'body') this.#body(observation.text, INDENT)
      else if (type === 'retry') this.#frame(this.#style.dim(`retry ${observation.retryMs} ms`))
      else if (type === 'comment') this.#frame(this.#style.dim(`comment: ${oneLine(observation.text) || 'keep-alive'}`))
      else this.#event(observation)
    }
  }

  #request(request: ObservedRequest): void {
    const { exchange, method, url, headers, body, at } = request
    const { pathname, search } = new URL(url)
    const label = requestLabel(request)
    this.#open.set(exchange, { label, startedAt: at, answered: false, stream: false })
    this.#current = exchange
    this.#printer.line()
    this.#headline('→', this.#style.sent, oneLine(`${method} ${pathname}${search}`), label, `#${exchange}`)
    const usual = this.#isNew(method) ? [] : ['accept', 'content-type']
    this.#headers(headers, usual)
    if (headers[SESSION_ID] !== undefined) this.#isNew(headers[SESSION_ID])
    const message = body === undefined ? undefined : parsed(body)
    if (body !== undefined) this.#body(body, INDENT, this.#full ? message : this.#envelopes(message, exchange))
  }

  #response(response: ObservedResponse, shown: Shown, since: string): void {
    const { exchange, status, statusText, headers } = response
    const { good, attention, bad } = this.#style
    const paint = status < 300 ? good : status < 500 ? attention : bad
    shown.answered = true
    shown.stream = headers['content-type']?.startsWith(SSE_TYPE) ?? false
    const label = this.#current === exchange ? '' : shown.label
    this.#current = exchange
    this.#headline('←', paint, oneLine(`${status} ${statusText}`), label, `${since}  #${exchange}`)
    const session = headers[SESSION_ID]
    this.#headers(headers, session === undefined || this.#isNew(session) ? [] : [SESSION_ID])
  }

  #event({ id, event, data }: ObservedEvent): void {
    const { bold, dim } = this.#style
    const message = parsed(data)
    const label =
      data === '' ? 'an id to resume after; no message yet' : isObject(message) ? messageLabel(message) : 'data'
    const name = event === undefined || event === 'message' ? '' : `event ${oneLine(event)}  `
    const end = id === undefined ? name : `${name}id ${this.#full ? oneLine(id) : shortened(id)}`
    const gap = ' '.repeat(Math.max(2, this.#printer.width - FRAME_INDENT.length - label.length - end.length))
    this.#frame(`${data === '' ? dim(label) : bold(label)}${gap}${dim(end)}`)
    if (data !== '') this.#body(data, FRAME_INDENT)
  }

  #end({ exchange, reason, error }: ObservedEnd, shown: Shown, since: string): void {
    this.#open.delete(exchange)
    const { dim, bad } = this.#style
    if (reason === 'cut') {
      this.#goOn(exchange, shown)
      const what = shown.answered ? 'connection lost' : 'no answer'
      this.#frame(bad(`${what} after ${since}: ${oneLine(error ?? 'no reason known')}`))
    } else if (shown.stream) {
      this.#goOn(exchange, shown)
      this.#frame(dim(`${reason === 'complete' ? 'end of the stream' : 'closed by the client'} after ${since}`))
    }
  }

  /** Names the exchange when the lines above are of another one. */
  #goOn(exchange: number, shown: Shown): void {
    if (this.#current === exchange) return
    this.#current = exchange
    this.#printer.line()
    this.#headline('←', this.#style.received, 'goes on', shown.label, `#${exchange}`)
  }

  #headline(arrow: string, paint: (text: string) => string, text: string, label: string, end: string): void {
    const { bold, dim } = this.#style
    const plain = label === '' ? `${arrow}  ${text}` : `${arrow}  ${text}  ${label}`
    const gap = ' '.repeat(Math.max(2, this.#printer.width - plain.length - end.length))
    const shownLabel = label === '' ? '' : `  ${bold(label)}`
    this.#printer.line(`${paint(arrow)}  ${paint(text)}${shownLabel}${gap}${dim(end)}`)
  }

  #isNew(text: string): boolean {
    return !this.#known.has(text) && this.#known.add(text) !== undefined
  }

  #headers(headers: HeaderRecord, leaveOut: readonly string[]): void {
    for (const [name, value] of Object.entries(headers)) {
      const spelling = spellingOf(name)
      if (!this.#full && (spelling === undefined || leaveOut.includes(name))) continue
      // As short as the ids of the events, so that the eye finds the one that it names.
      const text = name === LAST_EVENT_ID && !this.#full ? shortened(value) : shownHeader(name, value)
      this.#printer.line(`${INDENT}${this.#style.dim((spelling ?? name).padEnd(HEADER_COLUMN))}  ${oneLine(text)}`)
    }
  }

  #frame(text: string): void {
    this.#printer.line(`${INDENT}${this.#style.dim('┊')} ${text}`)
  }

  #body(text: string, indent: string, message: unknown = parsed(text)): void {
    const value = shownMessage(message)
    const width = this.#printer.width - indent.length
    const maxString = this.#full ? Number.POSITIVE_INFINITY : MAX_STRING
    const lines =
      value === undefined ? printable(text).split('\n') : jsonLines(value, { style: this.#style, width, maxString })
    const shown = this.#full || lines.length <= MAX_LINES + 1 ? lines : lines.slice(0, MAX_LINES)
    for (const line of shown) this.#printer.line(`${indent}${line}`)
    const rest = lines.length - shown.length
    if (rest > 0)
      this.#printer.line(`${indent}${this.#style.dim(`… ${plural(rest, 'more line')} (--full shows them)`)}`)
  }
}
