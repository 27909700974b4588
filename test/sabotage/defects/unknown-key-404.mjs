export default {
  what: 'a session id under a key that is not known yet is answered 404',
  file: 'src/session/sessions.ts',
  from: "if (opened === 'unknown_key' && !ring.generated) {",
  to: "if (opened === 'unknown_key' && ring.generated) {",
  tests: ['test/security/session-ids.test.ts'],
}
