import { expect, test } from 'vitest'
import { envelopeVersion, hasEnvelope, readEnvelope } from './envelope.ts'
import type { McpError } from './errors.ts'
import { SUPPORTED } from './revision.ts'

const KEY = 'io.modelcontextprotocol/'
const meta = (changes: object = {}) => ({
  _meta: { [`${KEY}protocolVersion`]: '2026-07-28', [`${KEY}clientCapabilities`]: {}, ...changes },
})

function thrownBy(run: () => unknown): McpError {
  try {
    run()
  } catch (thrown) {
    return thrown as McpError
  }
  throw new Error('nothing was thrown')
}

test('an envelope is told by the version in it, whatever that is', () => {
  expect(hasEnvelope({ params: meta() })).toBe(true)
  for (const version of ['', '2025-11-25', 5, null]) {
    expect(hasEnvelope({ params: { _meta: { [`${KEY}protocolVersion`]: version } } })).toBe(true)
  }
  for (const params of [undefined, {}, { _meta: {} }, { _meta: [] }, { _meta: { progressToken: 1 } }]) {
    expect(hasEnvelope({ ...(params && { params: params as object as { _meta: object } }) })).toBe(false)
  }
  expect(hasEnvelope({ params: { _meta: Object.create({ [`${KEY}protocolVersion`]: '2026-07-28' }) } })).toBe(false)
})

test('it says revision, client, capabilities and level', () => {
  const full = meta({ [`${KEY}clientInfo`]: { name: 'n', version: 'v', icons: [] }, [`${KEY}logLevel`]: 'notice' })
  expect(readEnvelope(full)).toMatchObject({
    revision: { name: '2026-07-28' },
    client: { name: 'n', version: 'v' },
    capabilities: {},
    logLevel: 'notice',
  })
  expect(readEnvelope(meta())).toMatchObject({ client: { name: '', version: '' }, logLevel: undefined })
  expect(readEnvelope(meta({ [`${KEY}clientInfo`]: { name: 5 } })).client).toEqual({ name: '', version: '' })
})

test.each([
  [{ [`${KEY}protocolVersion`]: undefined }, 'protocolVersion'],
  [{ [`${KEY}protocolVersion`]: 5 }, 'protocolVersion'],
  [{ [`${KEY}clientCapabilities`]: undefined }, 'clientCapabilities'],
  [{ [`${KEY}clientCapabilities`]: null }, 'clientCapabilities'],
  [{ [`${KEY}clientInfo`]: [] }, 'clientInfo'],
  [{ [`${KEY}logLevel`]: 'all' }, 'logLevel'],
])('%j is malformed', (changes, field) => {
  const error = thrownBy(() => readEnvelope(meta(changes)))
  expect([error.code, error.message.includes(field)]).toEqual(['invalid_params', true])
})

test('a version that is not served this way is refused with those that are', () => {
  for (const requested of ['2030-01-01', '2025-11-25', '']) {
    const error = thrownBy(() => readEnvelope(meta({ [`${KEY}protocolVersion`]: requested })))
    expect([error.rpcCode, error.data]).toEqual([-32022, { supported: SUPPORTED, requested }])
  }
  expect(envelopeVersion(meta({ [`${KEY}protocolVersion`]: 'any' }))).toBe('any')
})
