export default {
  what: 'an answer is acknowledged before it is in the inbox of the replica that asked',
  file: 'src/session/asks.ts',
  from: "else return this.#replica.peers!.forward(elsewhere, { v: 1, t: 'answer', uid, principal, response })",
  to: "else this.#replica.peers!.hint(elsewhere, { v: 1, t: 'answer', uid, principal, response })",
  simulation: { world: 'outages', seeds: 1000 },
}
