/**
 * Writes lines to a stream, and can be held while the user types.
 *
 * @module
 */

/** Where lines go. */
export interface Printer {
  /** Width to lay text out for, in characters. */
  readonly width: number
  line(text?: string): void
  /** Keeps lines back until the returned function is called. */
  hold(): () => void
}

/** Wide enough for a JSON body, narrow enough to read. */
const MAX_WIDTH = 110
const MIN_WIDTH = 60

export function createPrinter(stream: NodeJS.WriteStream): Printer {
  const kept: string[] = []
  let holds = 0
  // The reader of a pipe may leave (`| head`): that ends the program, not an error.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
  })
  return {
    width: Math.max(MIN_WIDTH, Math.min(stream.columns ?? MAX_WIDTH, MAX_WIDTH)),
    line(text = '') {
      if (holds > 0) kept.push(text)
      else stream.write(`${text}\n`)
    },
    hold() {
      holds++
      let held = true
      return () => {
        if (!held) return
        held = false
        holds--
        if (holds > 0) return
        for (const text of kept.splice(0)) stream.write(`${text}\n`)
      }
    },
  }
}
