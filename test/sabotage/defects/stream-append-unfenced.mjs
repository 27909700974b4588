export default {
  what: 'events are appended to the log of a stream whoever else has written there',
  file: 'src/session/stream-log.ts',
  from: '{ ttlMs, id, expect, cap: limits.windowEvents + 1 }',
  to: '{ ttlMs, id, cap: limits.windowEvents + 1 }',
  tests: ['src/session/stream-log.test.ts'],
}
