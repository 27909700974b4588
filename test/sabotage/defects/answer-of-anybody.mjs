export default {
  what: 'an answer is taken from any session that knows the id of the question',
  file: 'src/session/asks.ts',
  from: 'const same = ask?.session.facts.uid === uid && ask.session.facts.principal === principal',
  to: 'const same = ask?.session.facts.principal === principal',
  simulation: { world: 'connections', seeds: 500 },
}
