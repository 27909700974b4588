export default {
  what: 'the session stream is claimed without comparing who had it',
  file: 'src/session/holder.ts',
  from: '{ ttlMs: TTL_MS, expect: expect ?? ABSENT }',
  to: '{ ttlMs: TTL_MS, ...(expect === ABSENT && { expect: ABSENT }) }',
  tests: ['src/session/holder.test.ts'],
}
