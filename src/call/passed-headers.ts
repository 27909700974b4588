/**
 * Headers of a request that its handler sees on another replica. Credentials stay where they were verified.
 *
 * @module
 */
import type { CallHeaders } from './outlet.ts'

const PASSED_ON = ['user-agent', 'accept-language', 'x-request-id', 'traceparent', 'tracestate', 'mcp-protocol-version']

/** In a form that can be written down. */
export interface PassedHeaders {
  readonly [name: string]: string
}

export function passedOn(request: CallHeaders): PassedHeaders {
  const headers: Record<string, string> = {}
  for (const name of PASSED_ON) {
    const value = request.header(name)
    if (value !== undefined) headers[name] = value
  }
  return headers
}

export function headersOf(passed: PassedHeaders): CallHeaders {
  return { header: (name) => (Object.hasOwn(passed, name) ? passed[name] : undefined) }
}
