/**
 * What a handler may say about how long it waits for the client.
 *
 * @module
 */

/** Options of a question to the client. */
export interface AskSettings {
  /**
   * Milliseconds without an answer or progress from the client until the question is withdrawn with `ask_timeout`.
   * Default 60,000 for roots and pings, 300,000 where a person or a model has to think.
   */
  readonly timeout?: number
  /** Milliseconds until it is withdrawn whatever progress there was. Default: ten times `timeout`. */
  readonly maxTimeout?: number
  /** Called with the progress that the client reports. */
  readonly onProgress?: (progress: number, total?: number, message?: string) => void
}
