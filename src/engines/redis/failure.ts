/**
 * What went wrong with a command, told by the first word of the server's answer, or by its absence.
 *
 * @module
 */

/**
 * - `script`: the server does not know the script; it must be sent whole.
 * - `elsewhere`: this server is no longer the one to ask; a new connection may find the one that is.
 * - `passing`: no connection, or a server that is not ready. The next attempt may succeed.
 * - `final`: the server will say the same to the next attempt.
 */
export type Failure = 'script' | 'elsewhere' | 'passing' | 'final'

const PASSING =
  /^-?(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|UNBLOCKED|MOVED|ASK|ERR max number of clients)\b/

/** Errors of the server begin with a word in capitals; those of a client with a sentence. */
const ANSWER = /^-?[A-Z]{3,} /

export function isAnswer(message: string): boolean {
  return ANSWER.test(message)
}

export function classify(message: string): Failure {
  if (message.startsWith('NOSCRIPT')) return 'script'
  if (message.startsWith('READONLY')) return 'elsewhere'
  if (PASSING.test(message)) return 'passing'
  return isAnswer(message) ? 'final' : 'passing'
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
