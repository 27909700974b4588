/**
 * What a client declared at `initialize`, as bits: they travel inside the session id, which has 512 bytes in all.
 *
 * @see the specification, basic/lifecycle, "Capability Negotiation"
 * @module
 */
import { isObject } from './jsonrpc.ts'

/** A capability that a handler may need of the client, by the name that error messages use. */
export type ClientCapability =
  | 'roots'
  | 'roots.listChanged'
  | 'sampling'
  | 'sampling.tools'
  | 'sampling.context'
  | 'elicitation'
  | 'elicitation.url'

/** The bit of each capability. Bits are part of the session id's format: never renumber them. */
const BITS: Readonly<Record<ClientCapability, number>> = {
  roots: 1,
  'roots.listChanged': 2,
  sampling: 4,
  'sampling.tools': 8,
  'sampling.context': 16,
  elicitation: 32,
  'elicitation.url': 64,
}

/** Reads the `capabilities` of `initialize`. An empty `elicitation` object means form mode. */
export function capabilityBits(declared: unknown): number {
  if (!isObject(declared)) return 0
  const { roots, sampling, elicitation } = declared
  let bits = 0
  if (isObject(roots)) {
    bits |= BITS.roots
    if (roots['listChanged'] === true) bits |= BITS['roots.listChanged']
  }
  if (isObject(sampling)) {
    bits |= BITS.sampling
    if (isObject(sampling['tools'])) bits |= BITS['sampling.tools']
    if (isObject(sampling['context'])) bits |= BITS['sampling.context']
  }
  if (isObject(elicitation)) {
    const url = isObject(elicitation['url'])
    if (isObject(elicitation['form']) || !url) bits |= BITS.elicitation
    if (url) bits |= BITS['elicitation.url']
  }
  return bits
}

export function hasCapability(bits: number, capability: ClientCapability): boolean {
  return (bits & BITS[capability]) !== 0
}

/** The capabilities behind the bits, by name. */
export function capabilityNames(bits: number): ClientCapability[] {
  return (Object.keys(BITS) as ClientCapability[]).filter((name) => hasCapability(bits, name))
}
