export default {
  what: 'a connection that ended while it claimed the session stream keeps it from the one that lives',
  file: 'src/session/session-stream.ts',
  from: "if (!inVain || previous === undefined || previous.connection === '') return previous",
  to: 'if (inVain || !inVain) return previous',
  tests: ['src/session/session-stream.test.ts'],
}
