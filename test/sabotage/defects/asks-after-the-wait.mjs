export default {
  what: 'a question for which no stream was found in time is asked all the same',
  file: 'src/session/session-streams.ts',
  from: 'if (over) return here',
  to: 'if (over) return',
  tests: ['src/session/session-stream.test.ts'],
}
