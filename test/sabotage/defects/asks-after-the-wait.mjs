export default {
  what: 'a question for which no stream was found in time is asked all the same',
  file: 'src/session/session-streams.ts',
  from: 'await Promise.race([here, elsewhere()])',
  to: 'await Promise.race([here.catch(() => {}), elsewhere()])',
  tests: ['src/session/session-stream.test.ts'],
}
