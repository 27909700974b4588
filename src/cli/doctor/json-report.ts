/**
 * The findings as one JSON object per line, each with a `type`: `start`, `finding`, `done`.
 *
 * @module
 */
import type { Printer } from '../terminal/printer.ts'
import type { Report } from './report.ts'

export function createJsonReport(printer: Printer): Report {
  const write = (type: string, rest: object): void => printer.line(JSON.stringify({ type, ...rest }))
  let check = ''
  return {
    start: (url) => write('start', { url }),
    check(id) {
      check = id
    },
    finding: (finding) => write('finding', { check, ...finding }),
    progress: () => {},
    done: (diagnosis) => write('done', diagnosis),
  }
}
