export default {
  what: 'a session is opened for whoever has its id',
  file: 'src/session/sessions.ts',
  from: 'if (session.facts.principal !== principal) {',
  to: 'if (session.facts.principal.length !== principal.length) {',
  tests: ['test/security/principals.test.ts'],
}
