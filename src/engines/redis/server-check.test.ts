import { expect, test } from 'vitest'
import { EngineError } from '../../engine/engine.ts'
import { checkServer } from './server-check.ts'

const info = (lines: Record<string, string>): string =>
  Object.entries(lines)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('')

const fine = { redis_version: '7.0.15', maxmemory: '1048576', maxmemory_policy: 'noeviction' }

function refusal(lines: Record<string, string>): string {
  try {
    checkServer(info(lines))
    return 'none'
  } catch (thrown) {
    return thrown instanceof EngineError && thrown.code === 'unsuitable' ? thrown.message : String(thrown)
  }
}

test.each([
  ['Redis 7', fine],
  ['a later Redis', { ...fine, redis_version: '10.2.0' }],
  ['Valkey, which says that it is Redis 7.2.4 as well', { ...fine, server_name: 'valkey', valkey_version: '8.1.0' }],
  ['a server without a limit of memory evicts nothing', { ...fine, maxmemory: '0', maxmemory_policy: 'allkeys-lru' }],
  ['a service that tells nothing of itself', {}],
])('%s is taken', (_, lines) => {
  expect(refusal(lines)).toBe('none')
})

test('Redis 6 is too old', () => {
  expect(refusal({ ...fine, redis_version: '6.2.14' })).toBe(
    'The server is Redis 6.2.14; it must be Redis 7 or Valkey 7.2 at least.',
  )
})

test.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])('a server that evicts by %s is refused', (policy) => {
  expect(refusal({ ...fine, maxmemory_policy: policy })).toContain('Set "maxmemory-policy noeviction"')
})
