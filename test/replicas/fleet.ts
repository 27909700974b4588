/** A fleet of replicas on one engine, as the suite sees it: in one process or in many, on any engine. */
export interface Fleet {
  /** The endpoints, one per replica. */
  readonly urls: readonly string[]
  /** Ends a replica as `kill -9` would: nothing is said to anybody, every connection breaks. */
  kill(at: number): Promise<void>
  /** Ends a replica as a deploy would. Resolves when it is gone. */
  drain(at: number, deadline: number): Promise<void>
  /** Whether the replica says that it takes new work. */
  ready(at: number): Promise<boolean>
  /** Cuts a replica off from the engine, or all of them. */
  cutEngine(at?: number): void
  /** Undoes that. */
  healEngine(at?: number): void
  /** The engine loses all data. */
  emptyEngine(): Promise<void>
  /** What a replica counted. */
  counters(at: number): Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

export interface FleetOptions {
  readonly jsonResponse?: boolean | 'auto'
  /** Milliseconds. */
  readonly lease?: number
  readonly onEngineOutage?: 'serve' | 'refuse'
}

export type StartReplicas = (count: number, options?: FleetOptions) => Promise<Fleet>
