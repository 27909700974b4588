/**
 * What the modern era demands of a result, and how long it may be kept.
 *
 * @see the specification 2026-07-28, basic/index, "ResultType", and server/utilities/caching
 * @module
 */
import type { JsonObject } from '../../../wire/jsonrpc.ts'
import { duration } from '../../terminal/text.ts'
import type { Report } from '../report.ts'

const CACHEABLE: readonly string[] = [
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]

export function checkResult(method: string, result: JsonObject, report: Report): void {
  const { resultType, ttlMs, cacheScope } = result
  if (resultType === undefined) report.problem(`${method}: the result has no resultType; every result must have one.`)
  if (!CACHEABLE.includes(method)) return
  if (!Number.isInteger(ttlMs) || Number(ttlMs) < 0) {
    report.problem(`${method}: the result must say by ttlMs how long it is fresh; it says ${JSON.stringify(ttlMs)}.`)
  } else if (cacheScope !== 'public' && cacheScope !== 'private') {
    report.problem(`${method}: cacheScope must be public or private; it is ${JSON.stringify(cacheScope)}.`)
  } else report.good(`${freshness(Number(ttlMs))}, ${SCOPES[cacheScope]}.`)
}

const SCOPES = { public: 'for anybody (public)', private: 'for this user alone (private)' }

function freshness(ttlMs: number): string {
  return ttlMs === 0 ? 'Stale at once (ttlMs 0)' : `Fresh for ${duration(ttlMs)} (ttlMs ${ttlMs})`
}
