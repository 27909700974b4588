import { expect, test } from 'vitest'
import { nodePlatform } from '../adapters/node-platform.ts'
import { webPlatform } from '../adapters/web-platform.ts'
import { ANONYMOUS, type Identity, Principals } from './principal.ts'

const principals = new Principals(nodePlatform)

test('the same identity has the same principal, in every process and on every platform', async () => {
  const identity = { issuer: 'https://issuer.example', subject: 'ada', audience: 'https://mcp.example' }
  const principal = await principals.of(identity)
  expect(principal).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect(await principals.of({ ...identity })).toBe(principal)
  expect(await new Principals(nodePlatform).of(identity)).toBe(principal)
  expect(await new Principals(webPlatform).of(identity)).toBe(principal)
})

test('scopes and claims are no part of who somebody is: tokens are refreshed', async () => {
  const plain: Identity = { issuer: 'i', subject: 's' }
  expect(await principals.of({ ...plain, scopes: ['a'], claims: { exp: 5 } })).toBe(await principals.of(plain))
})

test('no two identities have the same principal', async () => {
  const identities: (Identity | undefined)[] = [
    undefined,
    { issuer: 'i', subject: 's' },
    { issuer: 'i', clientId: 's' },
    { issuer: 's', subject: 'i' },
    { issuer: 'i', subject: 's', audience: 'a' },
    { issuer: 'i', subject: 's', audience: '' },
    { issuer: 'i', subject: 's', audience: 'null' },
    { issuer: 'i","s', subject: 'x' },
    { issuer: 'i', subject: '["subject","s"]' },
    { issuer: 'is', subject: '', clientId: 's' },
    { issuer: 'i', subject: 'S' },
    { issuer: 'i', subject: 's ' },
  ]
  const found = await Promise.all(identities.map((identity) => principals.of(identity)))
  expect(new Set(found).size).toBe(identities.length)
})

test('nobody is a value of its own that no identity has', async () => {
  expect(await principals.of(undefined)).toBe(ANONYMOUS)
  expect(await principals.of({ issuer: 'x', subject: 'anonymous' })).not.toBe(ANONYMOUS)
})

test('with a subject the client does not matter', async () => {
  const bySubject = await principals.of({ issuer: 'i', subject: 's' })
  expect(await principals.of({ issuer: 'i', subject: 's', clientId: 'c' })).toBe(bySubject)
})

test.each([
  [{}],
  [{ issuer: '', subject: 's' }],
  [{ issuer: 'i' }],
  [{ issuer: 'i', subject: '' }],
  [{ issuer: 5, subject: 's' }],
  [{ issuer: 'i', subject: {} }],
  [{ issuer: 'i', subject: ['s'] }],
  [{ issuer: 'i', clientId: 7 }],
] as unknown as [Identity][])('an identity that names nobody is an error of the author: %j', async (identity) => {
  await expect(principals.of(identity)).rejects.toBeInstanceOf(TypeError)
})

test('only so many are remembered, and all are still told apart', async () => {
  const many = new Principals(nodePlatform)
  const found = new Set<string>()
  for (let at = 0; at < 25_000; at++) found.add(await many.of({ issuer: 'i', subject: String(at) }))
  expect(found.size).toBe(25_000)
  expect(many.size).toBeLessThanOrEqual(10_000)
})
