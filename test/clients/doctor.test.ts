/** `fairlead doctor` before servers of the official SDK: less can be said, and nothing is made up. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { haproxy } from '../cli/balancer.ts'
import { fairlead, serving } from '../cli/support.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

test('sessions in one process: no problem', async () => {
  const server = await serving([file('session-server.mjs')])
  const { code, out } = await fairlead(['doctor', server.url, '--quick'])
  expect([code, out]).toEqual([0, expect.stringMatching(/official 1\.32\.2, in .* It speaks 2025-11-25, 2025-06-18/)])
  expect(out).toMatch(/! {23}The server is none of this package: what only its identifiers tell is left out\./)
  expect(out).toContain('Every request of a session was served, 36 of 36.')
  expect(out).not.toContain('Engine')
  // It cleans up behind itself: each session of this server holds memory.
  server.child.kill('SIGTERM')
  expect((await server.finished).out).toMatch(/^0 of \d\d sessions are left$/m)
})

test('the same in two processes behind a balancer: every second request is refused, and it says what they need', async () => {
  const servers = [await serving([file('session-server.mjs')]), await serving([file('session-server.mjs')])]
  const ports = servers.map(({ url }) => Number(new URL(url).port))
  const { code, out } = await fairlead(['doctor', await haproxy(ports, ['option http-no-delay']), '--quick'])
  expect(code).toBe(1)
  expect(out).toMatch(/✗ {23}\d\d of 36 requests of a session were refused \(HTTP 404\)/)
  expect(out.replace(/\s+/g, ' ')).toContain('hash by Mcp-Session-Id')
})

test.each([
  ['stateless', /It speaks 2026-07-28, 2025-11-25/],
  ['reject', /It speaks 2026-07-28\.\n/],
])('2026-07-28, and the legacy era %s: its subscription is looked at', async (LEGACY, revisions) => {
  const { url } = await serving([file('official-server.mjs')], { env: { LEGACY } })
  const { code, out } = await fairlead(['doctor', url, '--quick'])
  expect([code, out]).toEqual([0, expect.stringMatching(revisions)])
  expect(out).toContain('The first event of a subscription came after')
})
