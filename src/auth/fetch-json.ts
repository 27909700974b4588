/**
 * Documents of an authorization server: fetched in bounded time, of bounded size, over https.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import { isLoopbackName } from '../wire/loopback.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** How documents are fetched. */
export interface FetchOptions {
  /** Default the global `fetch`. Give another one to go through a proxy or to trust a certificate of your own. */
  readonly fetch?: Fetch
  /** Milliseconds that the authorization server has to answer. Default 5,000. */
  readonly timeout?: number
}

/** What goes wrong with an authorization server. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  /** It may pass: the server can't be reached. Otherwise the server says something else than the settings. */
  readonly passing: boolean

  constructor(message: string, passing: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.passing = passing
  }
}

const TIMEOUT_MS = 5_000

/** Largest document. Key sets of large providers have some 20 KB. */
const MAX_BYTES = 512 * 1024

/** "All authorization server endpoints MUST be served over HTTPS"; on loopback there is nobody in between. */
export function checkEndpoint(text: string, what: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackName(url.hostname))) return text
  throw new ProviderError(`${what} must be an https URL (http only on loopback); got ${JSON.stringify(text)}.`, false)
}

export interface FetchedJson {
  readonly status: number
  /** `undefined` where the answer is no JSON object. */
  readonly body: JsonObject | undefined
}

/** @throws {ProviderError} passing, when there is no answer or one that says that the server is in trouble. */
export async function fetchJson(
  platform: Pick<Platform, 'setTimer'>,
  url: string,
  options: FetchOptions,
  init: RequestInit = {},
): Promise<FetchedJson> {
  const { fetch = globalThis.fetch, timeout = TIMEOUT_MS } = options
  const controller = new AbortController()
  const timer = platform.setTimer(timeout, () => controller.abort(new Error(`No answer within ${timeout} ms.`)))
  try {
    // Redirects are not followed: a document is trusted because of the place that it lies in.
    const response = await fetch(url, { ...init, redirect: 'manual', signal: controller.signal })
    if (response.status === 429 || response.status >= 500) {
      await response.body?.cancel()
      throw new Error(`HTTP status ${response.status}`)
    }
    return { status: response.status, body: parse(await readText(response)) }
  } catch (thrown) {
    const why = controller.signal.aborted ? controller.signal.reason : thrown
    throw new ProviderError(`${new URL(url).origin} can not be reached: ${reasonOf(why)}`, true, why)
  } finally {
    timer.cancel()
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  const reader = response.body?.getReader()
  for (;;) {
    const chunk = await reader?.read()
    if (chunk === undefined || chunk.done) return text + decoder.decode()
    size += chunk.value.length
    if (size > MAX_BYTES) {
      await reader?.cancel()
      throw new Error(`The answer has more than ${MAX_BYTES} bytes.`)
    }
    text += decoder.decode(chunk.value, { stream: true })
  }
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** `fetch` hides what happened in the cause. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const { cause } = thrown
  return cause instanceof Error && cause.message !== '' ? cause.message : thrown.message
}
