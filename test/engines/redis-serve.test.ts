/** Servers on Redis as users start them: by the environment, by the command, and as docs/engines.md says. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createClient } from '../../src/testing/client/index.ts'
import { inRepository, type Running, start } from '../cli/support.ts'
import { programsOf } from '../docs/blocks.ts'
import { Workshop } from '../docs/workshop.ts'
import { RedisServer } from './redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await RedisServer.start()
})
afterAll(() => server?.remove())
afterEach(() => server.cli('FLUSHALL'))

const SECRET = 's'.repeat(32)

const env = () => ({ PORT: '0', HOST: '127.0.0.1', FAIRLEAD_ENGINE: server.url, FAIRLEAD_SECRET: SECRET })

async function keys(pattern: string): Promise<number> {
  return (await server.cli('KEYS', pattern)).split('\n').filter((key) => key !== '').length
}

async function urlOf(running: Running): Promise<string> {
  const [url] = await running.saw(/http:\/\/\S+/)
  return url!
}

test.each([
  ['npm run everything', ['test/everything/server.mjs']],
  ['the everything server by fetch', ['test/everything/fetch-server.mjs']],
  ['npm start', ['examples/weather/server.mjs']],
  ['fairlead run', ['dist/bundle/cli.js', 'run', 'test/cli/fixtures/harbour.mjs']],
])('%s keeps in Redis what sessions set, and ends when it is told to', async (_, [file, ...rest]) => {
  const first = start([inRepository(file!), ...rest], { env: env() })
  const client = createClient(await urlOf(first))
  await client.connect()
  await client.request('logging/setLevel', { level: 'error' })
  expect(await keys('*:row:session/*')).toBe(1)
  expect(await keys('*:log:cluster')).toBe(1)
  first.child.kill('SIGTERM')
  expect((await first.finished).code).toBe(0)
  expect(await server.cli('CLIENT', 'LIST', 'TYPE', 'normal')).not.toContain('lib-name=node-redis')
})

test('docs/engines.md: its program serves on the Redis that it is given', async () => {
  const programs = programsOf('docs/engines.md')
  expect(programs.length).toBeGreaterThan(0)
  const workshop = new Workshop()
  process.env['REDIS_URL'] = server.url
  try {
    const named = programs.map(({ code, line }) => ({ name: `engines_${line}.ts`, code }))
    expect(workshop.typeCheck(named)).toEqual([])
    for (const { name, code } of named) {
      const outcome = await workshop.run(name, code)
      expect([outcome.code, outcome.output]).toEqual([0, outcome.output])
      expect(outcome.output).not.toMatch(/Error:|Warning:/)
      expect(outcome.answer?.status).toBe(200)
      expect(await keys('*:log:cluster')).toBe(1)
    }
  } finally {
    delete process.env['REDIS_URL']
    workshop.remove()
  }
})
