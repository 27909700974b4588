export default {
  what: 'leases run on while the engine can not be reached',
  file: 'src/session/membership.ts',
  from: 'const silentSince = Math.max(member.heardAt, this.#contactSince)',
  to: 'const silentSince = member.heardAt',
  simulation: { world: 'outages', seeds: 500 },
}
