/**
 * The walk as text for people.
 *
 * @module
 */
import type { Printer } from '../terminal/printer.ts'
import type { Style } from '../terminal/style.ts'
import { duration, oneLine, plural, printable, wrapped } from '../terminal/text.ts'
import { createExchangeView } from './exchange-view.ts'
import type { Fact, Phase, Report } from './report.ts'

const TITLES: Readonly<Record<Phase, string>> = {
  probe: 'Probe',
  initialization: 'Initialization',
  discovery: 'Discovery',
  operation: 'Operation',
  listening: 'Subscription',
  shutdown: 'Shutdown',
}

export interface TextReportOptions {
  readonly printer: Printer
  readonly style: Style
  readonly full: boolean
}

export function createTextReport({ printer, style, full }: TextReportOptions): Report {
  const view = createExchangeView({ printer, style, full })
  let phases = 0

  function mark(sign: string, text: string): void {
    const [first = '', ...rest] = wrapped(printable(text), printer.width - 3)
    printer.line(`${sign}  ${first}`)
    for (const line of rest) printer.line(`   ${line}`)
  }

  /** Facts in two columns: names, then values under one another. */
  function facts(list: readonly Fact[]): void {
    const column = Math.max(...list.map(({ name }) => name.length))
    for (const { name, text } of list) {
      const lines = wrapped(printable(text), printer.width - column - 5)
      lines.forEach((line, index) => {
        const label = index === 0 ? `${style.good('✓')}  ${name.padEnd(column)}` : ' '.repeat(column + 3)
        printer.line(`${label}  ${style.bold(line)}`)
      })
    }
  }

  return {
    start(url) {
      printer.line(`${style.bold('fairlead walk')}  ${oneLine(url)}`)
    },
    phase(phase, about) {
      const title = `${++phases}  ${TITLES[phase]}`
      printer.line()
      printer.line()
      printer.line(`${style.bold(title)} ${style.dim('─'.repeat(Math.max(3, printer.width - title.length - 1)))}`)
      for (const line of wrapped(about, printer.width)) printer.line(style.dim(line))
    },
    step(name, about) {
      printer.line()
      printer.line(`${style.heading(name)}`)
      for (const line of wrapped(about, printer.width)) printer.line(style.dim(line))
    },
    exchange: (observation) => view.show(observation),
    facts(list) {
      printer.line()
      facts(list)
    },
    good: (text) => mark(style.good('✓'), text),
    note: (text) => mark(style.attention('!'), text),
    problem: (text) => mark(style.bad('✗'), text),
    say: (text) => mark(style.attention('?'), text),
    done({ ok, exchanges, durationMs }) {
      printer.line()
      const told = `${plural(exchanges, 'exchange')} in ${duration(durationMs)}`
      if (ok) mark(style.good('✓'), `The whole lifecycle was walked: ${told}.`)
      else mark(style.bad('✗'), `Not all went as it should; ✗ above says what: ${told}.`)
    },
  }
}
