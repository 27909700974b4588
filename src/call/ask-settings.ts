/**
 * What a handler may say about how long it waits for the client.
 *
 * @module
 */

/** Options of a question to the client. */
export interface AskSettings {
  /**
   * Names the question among those of its call (`inputRequests`, 2026-07-28). Default: its kind and a number. Older
   * revisions have no names for questions.
   */
  readonly key?: string
  /**
   * Milliseconds without an answer or progress from the client until the question is withdrawn with `ask_timeout`.
   * Default 60,000 for roots and pings, 300,000 where a person or a model has to think, and under 2026-07-28
   * `limits.parkedMs`: its clients gather all answers of a round before they send any.
   */
  readonly timeout?: number
  /**
   * Milliseconds until it is withdrawn whatever progress there was. Default: ten times `timeout`. Under 2026-07-28 clients
   * report no progress on their answers, and this changes nothing.
   */
  readonly maxTimeout?: number
  /** Called with the progress that the client reports. */
  readonly onProgress?: (progress: number, total?: number, message?: string) => void
}
