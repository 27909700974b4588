export default {
  what: 'a record whose first attempt has an unknown outcome is appended again under another id',
  file: 'src/session/shared-store.ts',
  from: 'return this.#patiently((store) => store.append(log, record, options))',
  to: 'return this.#patiently((store) => store.append(log, record, { ...options, id: this.#parts.tags.next() }))',
  tests: ['src/session/shared-store.test.ts'],
}
