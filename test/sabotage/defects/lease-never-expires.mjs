export default {
  what: 'a replica that says nothing any more is taken to be alive for ever',
  file: 'src/session/membership.ts',
  from: '} else if (!member.judging && now - silentSince > this.#leaseMs) {',
  to: '} else if (!member.judging && now - silentSince > Number.MAX_SAFE_INTEGER) {',
  simulation: { world: 'kills', seeds: 100 },
}
