export default {
  what: 'a lease that was renewed and not confirmed counts from when somebody looked',
  file: 'src/session/membership.ts',
  from: 'const announced = lease.version === member.next',
  to: 'const announced = false',
  simulation: { world: 'kills', seeds: 200 },
}
