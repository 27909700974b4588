export default {
  what: 'the tombstone in the table is not looked at',
  file: 'src/session/sessions.ts',
  from: 'if (entry?.deleted) session.deleted = true',
  to: '',
  simulation: { world: 'everything', seeds: 2000 },
}
