export default {
  what: 'a question that was answered stays open for another answer',
  file: 'src/session/asks.ts',
  from: '    this.#settle(ask)\n    this.#replica.counters.asksAnswered++',
  to: '    this.#replica.counters.asksAnswered++',
  tests: ['src/session/asks.test.ts'],
}
