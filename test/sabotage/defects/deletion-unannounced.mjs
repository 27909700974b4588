export default {
  what: 'a deletion is written down, and nobody hears of it',
  file: 'src/session/sessions.ts',
  from: "await this.#cluster.append({ v: 1, t: 'deleted', uid, expiresAt })\n      await writeTombstone(",
  to: 'await writeTombstone(',
  simulation: { world: 'deletions', seeds: 100 },
}
