/**
 * One keep-alive connection straight on `node:net`, with one exchange at a time.
 *
 * fetch, undici and autocannon cost more per request than the servers measured here, so they would measure themselves.
 */
import { connect } from 'node:net'
import { ResponseParser } from './response-parser.mjs'

/** One for all connections: what was read is turned into text before the next read. */
const readBuffer = Buffer.allocUnsafe(64 * 1024)

export class Connection {
  #socket
  #parser
  #ended = false
  #onHead = undefined
  #onMessage = undefined
  #onEnd = undefined

  /** Called when the connection breaks or a handler throws; the round is lost then. */
  onError = (error) => {
    throw error
  }

  constructor(port) {
    this.#parser = new ResponseParser({
      onHead: (head) => this.#onHead?.(head),
      onEvent: (data) => this.#onMessage?.(JSON.parse(data)),
      onEnd: (head, body) => this.#finish(head, body),
    })
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#read(readBuffer.latin1Slice(0, length)) },
    })
    this.#socket.on('error', (error) => this.onError(error))
    this.#socket.on('end', () => {
      this.#ended = true
      if (this.#onEnd !== undefined) this.onError(new Error('the server closed a connection during an exchange'))
    })
  }

  opened() {
    return new Promise((resolve, reject) => {
      this.#socket.once('connect', resolve)
      this.#socket.once('error', reject)
    })
  }

  /**
   * Sends one request.
   *
   * @param request complete bytes, or ASCII text
   * @param onEnd called with (head, message): the JSON body, or undefined where there was none or it was an event stream
   * @param onMessage called with every JSON-RPC message of an event stream, as it arrives
   */
  send(request, onEnd, onMessage) {
    if (this.#ended) {
      this.onError(new Error('the server closed an idle connection'))
      return
    }
    this.#onEnd = onEnd
    this.#onMessage = onMessage
    if (typeof request === 'string') this.#socket.write(request, 'latin1')
    else this.#socket.write(request)
  }

  /** The same as a promise of { head, messages }, for what is not measured. */
  exchange(request) {
    return new Promise((resolve, reject) => {
      const messages = []
      this.onError = reject
      this.send(
        request,
        (head, message) => {
          if (message !== undefined) messages.push(message)
          resolve({ head, messages })
        },
        (message) => messages.push(message),
      )
    })
  }

  /** Sends a GET and resolves once its stream is open. The stream stays open; its messages go to onMessage. */
  openStream(request, onMessage) {
    return new Promise((resolve, reject) => {
      this.onError = reject
      this.#onHead = (head) => {
        if (head.status === 200 && head.eventStream) resolve()
        else reject(new Error(`no session stream: ${JSON.stringify(head)}`))
      }
      this.send(request, () => this.onError(new Error('the session stream ended')), onMessage)
    })
  }

  close() {
    this.onError = () => {}
    this.#socket.destroy()
  }

  #read(text) {
    try {
      this.#parser.push(text)
    } catch (error) {
      this.onError(error)
    }
    return true
  }

  #finish(head, body) {
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.(head, head.eventStream || body === '' ? undefined : JSON.parse(body))
  }
}
