export default {
  what: 'event ids are signed without their session',
  file: 'src/session/session.ts',
  from: "return this.token.slice(-SIGNED_CHARS).padStart(SIGNED_CHARS, '.')",
  to: "return ''.padStart(SIGNED_CHARS, '.')",
  simulation: { world: 'connections', seeds: 100 },
}
