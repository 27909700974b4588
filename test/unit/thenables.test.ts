import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from 'vitest'
import { createServer } from '../../src/index.ts'
import { connect, type TestKit } from '../../src/testing/index.ts'

let kit: TestKit | undefined
afterEach(async () => {
  await kit?.close()
  kit = undefined
})

/** As a query builder has them: no instance of `Promise`. */
function thenable<Value>(value: Value): Promise<Value> {
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
  return { then: (resolve: (value: Value) => void) => void setTimeout(resolve, 1, value) } as unknown as Promise<Value>
}

test('a tool may return any thenable', async () => {
  const server = createServer({ name: 'thenables', version: '1.0.0' })
  server.tool('query', {}, () => thenable('rows'))
  kit = await connect(server)
  expect(await kit.callText('query')).toBe('rows')
})

test('a tool may return a promise of another realm, and what it rejects with stays inside', async () => {
  const server = createServer({ name: 'thenables', version: '1.0.0' })
  server.tool('foreign', {}, () => runInNewContext("Promise.resolve('from afar')"))
  server.tool('failing', {}, () => runInNewContext("Promise.reject(new Error('password=hunter2'))"))
  kit = await connect(server)
  expect(await kit.callText('foreign')).toBe('from afar')
  const failed = await kit.callTool('failing')
  expect(failed).toEqual({ content: [{ type: 'text', text: 'The tool failing failed.' }], isError: true })
})

test('middleware may return any thenable', async () => {
  const server = createServer({ name: 'thenables', version: '1.0.0' })
  server.tool('plain', {}, () => 'plain')
  server.use(() => () => thenable({ content: [{ type: 'text', text: 'instead' }] }))
  kit = await connect(server)
  expect(await kit.callText('plain')).toBe('instead')
})
