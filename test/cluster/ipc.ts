/** What a replica process and its parent say to each other. */
import type { Snapshot } from 'fairlead/node'
import type { FleetOptions } from '../replicas/fleet.ts'

export interface ReplicaSettings {
  readonly name: string
  readonly port: number
  /** The way to Redis. */
  readonly url: string
  /** Of the keys there. */
  readonly prefix: string
  readonly secret: string
  readonly options: FleetOptions
}

export type ToReplica = { readonly t: 'counters' } | { readonly t: 'leave'; readonly deadline: number }

export type ToParent =
  | { readonly t: 'listening'; readonly url: string }
  | { readonly t: 'counters'; readonly counters: Snapshot }
