/**
 * Asks the user on the terminal. Questions go to stderr: stdout is for results.
 *
 * @module
 */
import { createInterface } from 'node:readline/promises'

export interface Prompt {
  /** Keeps other output back until the returned function is called. */
  begin(): () => void
  /** Writes a line between questions. */
  tell(text: string): void
  /** What was typed; `undefined` when the user left (Ctrl-D) or `signal` was aborted. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>
}

/** Whether somebody is there to be asked. */
export function canPrompt(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

export function createPrompt(hold: () => () => void): Prompt {
  return {
    begin: hold,
    tell: (text) => void process.stderr.write(`${text}\n`),
    async ask(question, signal) {
      const terminal = createInterface({ input: process.stdin, output: process.stderr })
      const left = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)))
      // The terminal is in raw mode while it reads: Ctrl-C arrives here instead of at the process.
      terminal.on('SIGINT', () => process.emit('SIGINT'))
      const typed = terminal.question(question, { signal }).catch(() => undefined)
      const answer = await Promise.race([typed, left])
      terminal.close()
      if (answer === undefined) process.stderr.write('\n')
      return answer
    },
  }
}
