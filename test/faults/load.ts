/**
 * Clients at work, all the time that replicas and engine are broken, and what can be said of them at rest.
 *
 * @module
 */
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet.ts'
import { send } from './raw.ts'
import { type Around, ClientSession } from './session.ts'
import type { Tally } from './tally.ts'

/** How many calls a session has before it may be deleted. */
const CALLS = 12
/** One of so many sessions is deleted then. */
const DELETED = 3

/** How long it may take until everybody is told, at rest. */
const TOLD_MS = 10_000

export class Load {
  readonly #around: Around
  readonly #fleet: Fleet
  readonly #sessions = new Set<ClientSession>()
  readonly #over = new AbortController()
  #running: Promise<unknown> = Promise.resolve()
  #checked = 0

  constructor(fleet: Fleet, tally: Tally, random: () => number) {
    this.#fleet = fleet
    // Every request listens.
    setMaxListeners(0, this.#over.signal)
    this.#around = {
      url: fleet.url,
      tally,
      random,
      deleted: [],
      lost: [],
      emptied: [],
      tags: 0,
      stopping: false,
      over: this.#over.signal,
    }
  }

  start(clients: number): void {
    this.#running = Promise.all(Array.from({ length: clients }, () => this.#client()))
  }

  emptied(): void {
    this.#around.emptied.push(Date.now())
  }

  /** What must hold whenever nothing has been broken for a moment. */
  async check(): Promise<void> {
    await this.#checkUpdates()
    await this.#checkDeleted()
  }

  /** Lets every call end, and compares what clients got with what replicas did. */
  async finish(deaths: ReadonlyMap<string, number>, limitMs: number): Promise<void> {
    this.#around.stopping = true
    await this.#running
    this.#over.abort()
    const { tally, lost } = this.#around
    const owners = new Map<string, string>()
    for (const { what, tag, by } of await this.#fleet.ledger()) {
      if (what !== 'began') continue
      if (owners.has(tag)) tally.violate(`${tag} ran on ${owners.get(tag)}, and on ${by}`)
      owners.set(tag, by)
    }
    for (const { tag, began, at } of lost) {
      const owner = owners.get(tag)
      if (began > (this.#fleet.mayBeLost.get(owner ?? '') ?? 0)) {
        tally.violate(`${tag}: ${owner} was taken for dead, and was not`)
      }
      const died = deaths.get(owner ?? '')
      if (died === undefined) continue
      tally.recoveries.push(at - died)
      if (at - died > limitMs) tally.violate(`${tag}: its end came ${at - died} ms after the death of ${owner}`)
    }
  }

  async #client(): Promise<void> {
    const { random } = this.#around
    while (!this.#around.stopping) {
      const session = await ClientSession.open(this.#around)
      if (session === undefined) return
      this.#sessions.add(session)
      let calls = 0
      while (!this.#around.stopping) {
        await session.call()
        await sleep(random() * 300)
        if (++calls % CALLS === 0 && random() * DELETED < 1) break
      }
      if (this.#around.stopping) return
      this.#sessions.delete(session)
      // In the middle of a call.
      await Promise.all([random() < 0.5 ? session.call() : undefined, session.delete()])
    }
  }

  /** Whoever has subscribed is told. */
  async #checkUpdates(): Promise<void> {
    const { tally } = this.#around
    const due = [...this.#sessions].filter(({ settledAt, deleting }) => settledAt !== undefined && !deleting)
    const began = Date.now()
    const [speaker] = due
    if (speaker === undefined || !(await speaker.request('tools/call', { name: 'update', arguments: {} }))) return
    tally.updates++
    const untold = (): ClientSession[] => due.filter(({ toldAt, deleting }) => !deleting && toldAt < began)
    while (untold().length > 0 && Date.now() - began < TOLD_MS) await sleep(50)
    for (const session of untold()) tally.violate(`a session of ${due.length} was not told: ${session.token.slice(-8)}`)
    tally.told += due.length - untold().length
  }

  /** What was deleted is so everywhere. */
  async #checkDeleted(): Promise<void> {
    const { tally, deleted } = this.#around
    // Those since the last time, and some of those before.
    const tokens = [...deleted.slice(this.#checked), ...deleted.slice(0, this.#checked).slice(-20)]
    this.#checked = deleted.length
    for (const member of this.#fleet.members) {
      for (const session of tokens) {
        const { status, whole } = await send({
          url: this.#fleet.direct(member),
          session,
          body: { id: 1, method: 'ping' },
        })
        await whole
        tally.deletionChecks++
        if (status !== 404) tally.violate(`a deleted session is answered ${status} by ${member.name}`)
      }
    }
  }
}
