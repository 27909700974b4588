/**
 * The page that a full run leaves.
 *
 * @module
 */
import type { Fault } from './faults.ts'
import type { Tally } from './tally.ts'

/** A fault that was tried. */
export interface Done {
  readonly fault: Fault
  readonly times: number
  /** Calls that began meanwhile. */
  readonly calls: number
  readonly violations: number
}

export interface Report {
  readonly tally: Tally
  readonly done: readonly Done[]
  readonly seed: number
  readonly leaseMs: number
  readonly clients: number
  /** Connections cut in all. */
  readonly cuts: number
}

const number = (value: number): string => value.toLocaleString('en-US')

export function page({ tally, done, seed, leaseMs, clients, cuts }: Report): string {
  const sorted = [...tally.recoveries].sort((left, right) => left - right)
  const at = (part: number): string =>
    sorted.length === 0 ? '–' : `${number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!)} ms`
  const rows = done.map(
    ({ fault, times, calls, violations }) =>
      `| ${fault.what} | ${number(times)} | ${number(calls)} | ${violations === 0 ? 'none' : number(violations)} |`,
  )
  const counts: readonly (readonly [string, number])[] = [
    ['calls', tally.calls],
    ['of them with their result', tally.results],
    [
      'ended with the error `replica_lost`: the replica that ran them was killed, stopped or cut off',
      tally.replicaLost,
    ],
    ['ended with the error `stream_lost`: Redis came back empty', tally.streamLost],
    ['refused with 503 before anything was done', tally.refused],
    [
      'whose connection broke before the first event, so that the client has no place to come back to',
      tally.unresumable,
    ],
    ['ended with their session, which its client deleted', tally.deleted],
    ['connections of clients cut, a tenth of all at any time included', cuts],
    ['resumes of streams, each on another replica', tally.resumed],
    ['events of progress', tally.progress],
    ['answers of clients, acknowledged with 202', tally.answers],
    ['sessions deleted', tally.deletions],
    ['looks at deleted sessions, on every replica', tally.deletionChecks],
    ['session streams that were told of a change, as they had to be', tally.told],
  ]
  return `# Faults survived

This page is written by \`npm run faults -- --page docs/faults.md\`: three replica processes on a real Redis, behind a load
balancer of the tests that knows nothing about MCP and leads every connection to the next replica, with ${clients} clients that
call tools, answer questions, listen, subscribe and delete their sessions all the time. Meanwhile things are broken. Replicas
note what they do in a file that outlives them; at the end it is compared with what clients got. The figures are of one run
with the seed ${seed} and the default lease of ${leaseMs / 1_000} s.

| What was broken | Times | Calls meanwhile | Violations |
|---|---|---|---|
${rows.join('\n')}

A violation is any of these:

- an answer that was acknowledged and did not reach the call, or an outcome of a call that its client can't get;
- an event that is missing without an error that says so;
- an event, a question, an answer or a run of a tool that comes twice, or that belongs to somebody else;
- a call that does not end;
- an error that nothing explains: \`replica_lost\` for a replica that nobody touched, 404 for a session that nobody deleted;
- a deleted session that any replica serves, once everything has been whole for two seconds;
- a subscriber that is not told of a change within 10 s of that;
- a stream of a killed replica that does not end within the lease and a second.

**Violations: ${tally.violations.length === 0 ? 'none' : number(tally.violations.length)}.**

| Counted | |
|---|---|
${counts.map(([what, value]) => `| ${what} | ${number(value)} |`).join('\n')}

From the death of a replica to the end of a stream of its, as its client saw it, reconnecting included: half within
${at(0.5)}, the slowest ${at(1)}, of ${number(sorted.length)}.

## Limits

- A call of a killed replica is lost, and its client is told. What a tool has done outside by then, nobody undoes.
- A client whose connection breaks before the first event has no place to come back to: it does not know whether its call ran.
- Redis that comes back empty has lost what no replica held.
- A client that cuts its connection does so at a byte of the response; a request that never arrived is the client's to send
  again.
- Machines that fail, networks that delay or reorder, and a Redis that fails over are not part of this;
  [engines.md](engines.md) says what an engine may lose.

Again, with another seed: \`npm run faults -- --seed ${seed + 1}\`. One kind: \`--only ${done[0]?.fault.name ?? 'kill'}\`. A tenth of it: \`--share 0.1\`.
\`npm test\` runs a twentieth of it with a lease of 2 s, and [the simulation](replicas.md#how-it-is-tested) thousands of other mixtures.
`
}
