/**
 * A raw connection: writes bytes as they are, and reads responses one after the other. Bytes are held as Latin-1 text,
 * one character per byte.
 */
import { connect } from 'node:net'

/** @typedef {{ status: number, headers: Record<string, string>, body: string, complete: boolean }} Response */

export class Connection {
  /** Nothing can be sent on it any more. */
  over = false
  /** The server has ended its side, or reset the connection. */
  ended = false
  #socket
  #text = ''
  #wake

  constructor(port) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      this.#text = this.#text === '' ? chunk : this.#text + chunk
      this.#wake?.()
    })
    const end = () => {
      this.over = this.ended = true
      this.#wake?.()
    }
    socket.on('end', end)
    socket.on('close', end)
    socket.on('error', () => {})
  }

  /** Bytes that belong to no response yet. */
  get rest() {
    return this.#text
  }

  send(bytes) {
    if (!this.over) this.#socket.write(bytes, 'latin1')
  }

  /** Ends our side. */
  finish() {
    this.over = true
    this.#socket.end()
  }

  /** Breaks the connection. */
  reset() {
    this.over = this.ended = true
    if (this.#socket.connecting) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  close() {
    this.over = this.ended = true
    this.#socket.destroy()
  }

  /**
   * The next response, whole. `undefined`: none within the time, or the connection ended without one.
   *
   * @param {string} method that of the request: the answer to HEAD has no body
   * @param {(response: Response) => boolean} [enough] whether a response whose body still comes is taken as it is
   * @returns {Promise<Response | undefined>}
   */
  next(method, limitMs, enough) {
    return new Promise((resolve, reject) => {
      let timer
      const look = (late) => {
        try {
          return tryLook(late)
        } catch (thrown) {
          settle(() => reject(thrown))
          return true
        }
      }
      const tryLook = (late) => {
        const parsed = parse(this.#text, method, this.ended)
        if (parsed === undefined || !(parsed.response.complete || late || this.ended || enough?.(parsed.response))) {
          if (!late && !this.ended) return false
          if (parsed === undefined) {
            settle(() => resolve(undefined))
            return true
          }
        }
        if (parsed.response.complete) this.#text = this.#text.slice(parsed.end)
        if (parsed.response.headers.connection === 'close') this.over = true
        settle(() => resolve(parsed.response))
        return true
      }
      const settle = (tell) => {
        this.#wake = undefined
        clearTimeout(timer)
        tell()
      }
      if (look(false)) return
      this.#wake = () => look(false)
      timer = setTimeout(() => look(true), limitMs)
    })
  }
}

function parse(text, method, ended) {
  let from = 0
  for (;;) {
    const end = text.indexOf('\r\n\r\n', from)
    if (end === -1) return undefined
    const [first, ...lines] = text.slice(from, end).split('\r\n')
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)
    if (status === null) throw new Error(`not a response: ${JSON.stringify(text.slice(from, from + 200))}`)
    if (status[1] === '100') {
      from = end + 4
      continue
    }
    const headers = {}
    for (const line of lines) {
      const colon = line.indexOf(':')
      if (colon < 1) throw new Error(`not a header: ${JSON.stringify(line)}`)
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
    }
    const body = readBody(text, end + 4, Number(status[1]), headers, method, ended)
    return {
      response: { status: Number(status[1]), headers, body: body.text, complete: body.complete },
      end: body.end,
    }
  }
}

function readBody(text, from, status, headers, method, ended) {
  if (method === 'HEAD' || status === 204 || status === 304) return { text: '', complete: true, end: from }
  if (headers['transfer-encoding'] === 'chunked') return readChunks(text, from)
  const length = headers['content-length']
  if (length === undefined) return { text: text.slice(from), complete: ended, end: text.length }
  const end = from + Number(length)
  return { text: text.slice(from, end), complete: text.length >= end, end }
}

function readChunks(text, from) {
  const parts = []
  let at = from
  for (;;) {
    const line = text.indexOf('\r\n', at)
    const size = line === -1 ? Number.NaN : Number.parseInt(text.slice(at, line), 16)
    if (line !== -1 && Number.isNaN(size)) throw new Error(`not a chunk: ${JSON.stringify(text.slice(at, at + 80))}`)
    if (line === -1 || text.length < line + 2 + size + 2)
      return { text: parts.join(''), complete: false, end: text.length }
    if (size === 0) return { text: parts.join(''), complete: true, end: line + 4 }
    parts.push(text.slice(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
