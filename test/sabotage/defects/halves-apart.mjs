export default {
  what: 'a change is acknowledged though the data was lost between its two halves',
  file: 'src/session/sessions.ts',
  from: "for (let epoch = ''; epoch !== store.epoch; ) {",
  to: "for (let epoch = ''; epoch === ''; ) {",
  tests: ['src/session/sessions.test.ts'],
}
