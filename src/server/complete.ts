/**
 * What an author writes to suggest values.
 *
 * @see the specification, server/utilities/completion
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'

/**
 * Suggests values that begin with, or fit, what was typed; the most relevant first.
 *
 * @param value what was typed so far.
 * @param context the arguments that are already settled.
 */
export type Complete = (
  value: string,
  context: { readonly arguments: { readonly [name: string]: string } },
) => MaybePromise<
  readonly string[] | { readonly values: readonly string[]; readonly total?: number; readonly hasMore?: boolean }
>
