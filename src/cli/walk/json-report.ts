/**
 * The walk as one JSON object per line, each with a `type`: `start`, `phase`, `step`, the exchanges as the client
 * observes them (`request`, `response`, `body`, `event`, `retry`, `comment`, `end`), `fact`, `good`, `note`,
 * `problem`, `say`, `done`.
 *
 * @module
 */
import type { Observation } from '../../testing/client/index.ts'
import type { Printer } from '../terminal/printer.ts'
import { shownHeaders, shownText } from './redact.ts'
import type { Report } from './report.ts'

export function createJsonReport(printer: Printer): Report {
  const write = (type: string, rest: object): void => printer.line(JSON.stringify({ type, ...rest }))
  return {
    start: (url) => write('start', { url }),
    phase: (phase, about) => write('phase', { phase, about }),
    step: (step, about) => write('step', { step, about }),
    exchange: (observation) => printer.line(JSON.stringify(redacted(observation))),
    facts(facts) {
      for (const { name, value } of facts) write('fact', { name, value })
    },
    good: (text) => write('good', { text }),
    note: (text) => write('note', { text }),
    problem: (text) => write('problem', { text }),
    say: (text) => write('say', { text }),
    done: (summary) => write('done', summary),
  }
}

function redacted(observation: Observation): Observation {
  switch (observation.type) {
    case 'request': {
      const { body, headers } = observation
      const shown = { ...observation, headers: shownHeaders(headers) }
      return body === undefined ? shown : { ...shown, body: shownText(body) }
    }
    case 'response':
      return { ...observation, headers: shownHeaders(observation.headers) }
    case 'body':
      return { ...observation, text: shownText(observation.text) }
    case 'event':
      return { ...observation, data: shownText(observation.data) }
    default:
      return observation
  }
}
