/**
 * The session layer of one process, put together on a manual platform.
 *
 * @module
 */
import type { Position, Store } from '../../src/engine/engine.ts'
import { memoryEngine } from '../../src/engine/memory.ts'
import { Asks } from '../../src/session/asks.ts'
import { Cluster, type ListKind } from '../../src/session/cluster.ts'
import { KeyRing } from '../../src/session/key-ring.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/session/limits.ts'
import { Replica } from '../../src/session/replica.ts'
import type { Session } from '../../src/session/session.ts'
import type { SessionFacts } from '../../src/session/session-id.ts'
import { SessionStreams } from '../../src/session/session-streams.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { type RevisionName, revisionNamed } from '../../src/wire/revision.ts'
import { type ManualPlatform, manualPlatform } from './manual-platform.ts'

export interface TestReplica {
  readonly platform: ManualPlatform
  readonly store: Store
  readonly replica: Replica
  readonly cluster: Cluster
  readonly sessions: Sessions
  readonly asks: Asks
  readonly streams: SessionStreams
  /** What was reported and shown to no client. */
  readonly reported: { readonly thrown: unknown; readonly where: string }[]
  /** What the lists look like; change it as a changed list would. */
  readonly catalogue: { hash: string; lists: ListKind[] }
  /** Gaps of the cluster log that were noticed. */
  readonly gaps: Position[]
}

export interface TestReplicaOptions {
  readonly platform?: ManualPlatform
  /** A store that several replicas share. */
  readonly store?: Store
  readonly secrets?: readonly string[]
  readonly limits?: Partial<Limits>
}

export const SECRET = 'a secret of 32 bytes and a few more'

export async function testReplica(options: TestReplicaOptions = {}): Promise<TestReplica> {
  const platform = options.platform ?? manualPlatform()
  const store = options.store ?? (await memoryEngine(platform).open(() => {}))
  const ring = await KeyRing.create(platform, 'test', options.secrets ?? [SECRET])
  const reported: TestReplica['reported'] = []
  const gaps: Position[] = []
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const replica = new Replica({
    platform,
    store,
    ring,
    limits,
    report: (thrown, where) => reported.push({ thrown, where }),
  })
  const catalogue: TestReplica['catalogue'] = { hash: 'hash1', lists: ['tools', 'resources'] }
  const cluster: Cluster = new Cluster({
    store,
    wheel: replica.wheel,
    tags: replica.tags,
    apply(entry) {
      sessions.apply(entry)
      streams.apply(entry)
    },
    onGap(oldest) {
      gaps.push(oldest)
      streams.gap()
    },
    onError: (thrown) => replica.report(thrown, 'cluster'),
  })
  const sessions = new Sessions(replica, cluster)
  const asks = new Asks(replica)
  const streams = new SessionStreams(replica, sessions, cluster, asks, {
    hash: () => catalogue.hash,
    lists: () => catalogue.lists,
  })
  await cluster.join(replica.id)
  await platform.settle()
  return { platform, store, replica, cluster, sessions, asks, streams, reported, catalogue, gaps }
}

const DAY_MS = 86_400_000

export type FactsChanges = Partial<Omit<SessionFacts, 'uid' | 'birth' | 'revision'>> & {
  readonly revision?: RevisionName
}

/** What `initialize` settles. */
export function facts(now: number, changes: FactsChanges = {}): Omit<SessionFacts, 'uid' | 'birth'> {
  return {
    expiresAt: now + 30 * DAY_MS,
    capabilities: 127,
    client: { name: 'test client', version: '1.0.0' },
    principal: '',
    extensions: '',
    ...changes,
    revision: revisionNamed(changes.revision ?? '2025-11-25')!,
  }
}

/** A session as `initialize` makes it. */
export async function newSession(on: TestReplica, changes: FactsChanges = {}): Promise<Session> {
  return on.sessions.create(facts(on.platform.now(), changes))
}
