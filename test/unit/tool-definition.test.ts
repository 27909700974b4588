import { expect, test } from 'vitest'
import { createServer } from '../../src/index.ts'

test.each(['inputSchema', 'outputSchema'])('%s that is null is refused, not taken for none', (name) => {
  const server = createServer({ name: 'definitions', version: '1.0.0' })
  expect(() => server.tool('echo', { [name]: null }, () => '')).toThrow(
    `${name} of the tool "echo" must be a Standard Schema`,
  )
})
