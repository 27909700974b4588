import { setTimeout as sleep } from 'node:timers/promises'
import type { Answers, Connection } from './releases.ts'

/** Waits until `probe` gives a value: for what travels on another stream than the answer of a call. */
export async function eventually<T>(what: string, probe: () => T | undefined | false, limitMs = 10_000): Promise<T> {
  const until = Date.now() + limitMs
  while (Date.now() < until) {
    const value = probe()
    if (value !== undefined && value !== false) return value
    await sleep(10)
  }
  throw new Error(`${what} did not happen within ${limitMs / 1000} s`)
}

/** The notifications of one method, oldest first. */
export function received({ notifications }: Connection, method: string): Record<string, unknown>[] {
  return notifications.filter((message) => message.method === method).map((message) => message.params ?? {})
}

/** A client's side of every question: a model that echoes, a user who fills in the form, one folder. */
export function willing(user: object = { action: 'accept', content: { username: 'ada', email: 'ada@example.com' } }) {
  return {
    'sampling/createMessage': ({ messages }) => ({
      role: 'assistant',
      model: 'echo',
      content: { type: 'text', text: `echo of ${messages[0]!.content.text}` },
    }),
    'elicitation/create': () => user,
    'roots/list': () => ({ roots: [{ uri: 'file:///home/ada', name: 'Home' }] }),
  } satisfies Answers
}
