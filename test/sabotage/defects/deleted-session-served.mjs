export default {
  what: 'a session that is known to be deleted is served',
  file: 'src/session/sessions.ts',
  from: "return session.deleted ? 'gone' : session",
  to: 'return session',
  simulation: { world: 'deletions', seeds: 100 },
}
