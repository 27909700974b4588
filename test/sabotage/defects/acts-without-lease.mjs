export default {
  what: 'a replica whose lease has run out goes on as the owner of its streams',
  file: 'src/session/membership.ts',
  from: 'return this.#replica.platform.now() < this.#leaseUntil',
  to: 'return true',
  tests: ['src/session/membership.test.ts'],
}
