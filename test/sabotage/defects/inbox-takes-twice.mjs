export default {
  what: 'a record that was sent again is taken again',
  file: 'src/session/inbox.ts',
  from: 'if (record.v !== 1 || !this.#isNew(record.id)) continue',
  to: 'if (record.v !== 1) continue',
  tests: ['src/session/inbox.test.ts'],
}
