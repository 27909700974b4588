export default {
  what: 'an answer that the engine lost before it was read is not written again',
  file: 'src/session/answered-exchanges.ts',
  from: 'return this.#exchanges.get(connection)?.exchange',
  to: 'return this.#exchanges.get(connection) && undefined',
  tests: ['src/session/answered-exchanges.test.ts'],
}
