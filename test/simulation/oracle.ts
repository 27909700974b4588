/**
 * What must hold when a simulation has come to rest, whatever happened in it.
 *
 * @module
 */
import type { SimCall, SimReplica, SimSession, SimUpdate } from './model.ts'

/** A replica that was killed this soon after it announced something may not have said it to anybody. */
const SAID_MS = 500

export function* faultsOfCall(call: SimCall, emptied: boolean): Generator<string> {
  const { tag, outcome, messages, session } = call
  const say = (what: string): string => `${tag} (${call.tool} on ${call.owner.name}): ${what}`
  const finals = messages.filter((message) => message.id === call.id && message.method === undefined)
  if (finals.length > 1) yield say(`${finals.length} answers`)
  const progress = messages.flatMap(({ method, params }) =>
    method === 'notifications/progress' ? [Number(params?.['progress'])] : [],
  )
  if (progress.some((value, at) => value !== at + 1)) yield say(`progress ${progress.join(' ')}`)
  for (const { method, params } of messages) {
    if (method === 'notifications/progress' && params?.['progressToken'] !== tag) yield say('a foreign message')
  }
  const ended = session.deleting || outcome?.startsWith('refused 404')
  if (outcome === undefined) {
    if (!call.cancelled && !ended) yield say('no end')
  } else if (outcome === 'result') {
    const [final] = finals
    const content = final?.result?.['content'] as { text: string }[] | undefined
    if (content?.[0]?.text !== tag) yield say(`the answer is ${JSON.stringify(final)}`)
    if (call.tool === 'count' && progress.length !== call.to) yield say(`${progress.length} of ${call.to} steps`)
  } else if (outcome.includes('Events of this stream')) {
    if (!emptied) yield say('events were lost')
  } else if (outcome.includes('is gone')) {
    if (!call.owner.mayBeLost) yield say('its replica was taken for dead')
  } else if (outcome === 'complete') {
    if (!call.cancelled) yield say('nothing to resume, though there was no answer')
  } else if (outcome.includes('The session has ended')) {
    if (!session.deleting) yield say('its session ended')
  } else if (outcome.includes('did not answer in time')) {
    if (call.answerTaken && !emptied) yield say('its answer was acknowledged and lost')
  } else if (outcome.startsWith('error')) {
    yield say(outcome)
  }
}

/** A stream of a dead replica ends within its lease and this, or so soon after its client came back for it. */
const DECIDED_MS = 1_000

/** What was written arrives this late at most. */
const ARRIVED_MS = 310

/** The end of a stream whose replica was killed comes in time, where nothing else was broken. */
export function* faultsOfRecovery(call: SimCall, leaseMs: number, alive: readonly SimReplica[]): Generator<string> {
  const { tag, outcome, owner, endedAt, attachedAt } = call
  if (!outcome?.includes('is gone') || !owner.dead) return
  // Each times what it has heard itself: where all others were killed, too, the oldest of those that came later does.
  const witnessed = Math.min(...alive.map(({ bootedAt }) => Math.max(bootedAt, owner.killedAt)))
  const due = Math.max(witnessed + leaseMs, attachedAt) + DECIDED_MS + ARRIVED_MS
  if (endedAt > due)
    yield `${tag}: its end came ${Math.round(endedAt - owner.killedAt)} ms after the death of ${owner.name}`
}

/** A session that was subscribed, and listened, when something changed is told so at some time after. */
export function* faultsOfSession(
  { deleting, subscribedAt, listeningSince, toldAt, listener }: SimSession,
  name: string,
  updates: readonly SimUpdate[],
  emptied: boolean,
): Generator<string> {
  if (deleting) return
  if (listener === undefined) yield `${name} has no stream`
  if (subscribedAt === undefined) yield `${name} could not subscribe`
  // Before that nobody can know what the client has heard.
  const since = Math.max(subscribedAt ?? Number.POSITIVE_INFINITY, listeningSince ?? Number.POSITIVE_INFINITY)
  // What a killed replica was about to say is lost with it, and so is what was said to an engine that lost its data.
  const due = updates.filter(({ at: when, by }) => {
    const said = by.killedAt - when > SAID_MS && !by.mayBeLost
    return said && !emptied && when > since
  })
  const last = due.at(-1)
  if (last !== undefined && toldAt < last.at) yield `${name} was not told of the update at ${last.at}`
}

/** Nothing is left open, and nobody was taken for dead without a reason. */
export function* faultsOfReplica({ name, endpoint }: SimReplica, anyMayBeLost: boolean): Generator<string> {
  const counters = endpoint.counters()
  for (const open of ['openCalls', 'openAsks'] as const) {
    if (counters[open] !== 0) yield `${name}: ${open} is ${counters[open]}`
  }
  if (counters.openStreams !== counters.openSessionStreams) {
    yield `${name}: ${counters.openStreams} streams, ${counters.openSessionStreams} of sessions`
  }
  if (!anyMayBeLost && counters.replicasLost > 0) yield `${name} took somebody for dead`
}
