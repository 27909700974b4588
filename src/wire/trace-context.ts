/**
 * The trace that a request belongs to, as OpenTelemetry carries it in `_meta`.
 *
 * @see the specification 2026-07-28, basic/index, "OpenTelemetry trace context"; W3C Trace Context; W3C Baggage
 * @module
 */
import type { JsonObject } from './jsonrpc.ts'

/** Where the caller's trace goes on. Hand it to your tracing library; it is the caller's word, so trust nothing in it. */
export interface TraceContext {
  readonly traceparent?: string
  readonly tracestate?: string
  readonly baggage?: string
}

/** Version, trace id, parent id, flags; neither id may be all zeros, and version ff is forbidden. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]*)?$/

/** List members of a key and a value; the details are for the library that reads them. */
const LIST = /^[!-~][ -~]*=[ -~]*$/

/** The longest lists: W3C asks for 512 characters of a tracestate and 8,192 bytes of baggage at least. */
const MAX_TRACESTATE = 512
const MAX_BAGGAGE = 8_192

/**
 * Reads the trace context of a request. What does not follow the formats is left out, as W3C has it: a receiver that
 * can't parse `traceparent` starts a trace of its own, and a `tracestate` means nothing without one.
 */
export function readTraceContext(meta: JsonObject): TraceContext {
  const { traceparent, tracestate, baggage } = meta
  const known = typeof traceparent === 'string' && traceparent.length <= 256 && TRACEPARENT.test(traceparent)
  return {
    ...(known && { traceparent }),
    ...(known && isList(tracestate, MAX_TRACESTATE) && { tracestate }),
    ...(isList(baggage, MAX_BAGGAGE) && { baggage }),
  }
}

function isList(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length <= limit && LIST.test(value)
}
