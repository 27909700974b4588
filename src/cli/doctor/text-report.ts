/**
 * The findings as text for people.
 *
 * @module
 */
import type { Printer } from '../terminal/printer.ts'
import type { Style } from '../terminal/style.ts'
import { duration, oneLine, plural, printable, wrapped } from '../terminal/text.ts'
import type { Finding, Report, Verdict } from './report.ts'

export interface TextReportOptions {
  readonly printer: Printer
  readonly style: Style
  /** Where progress goes: a terminal, or nowhere. */
  readonly terminal: NodeJS.WriteStream | undefined
}

const CLEAR_LINE = '\r\u001b[2K'

export function createTextReport({ printer, style, terminal }: TextReportOptions): Report {
  const signs: Readonly<Record<Verdict, string>> = {
    good: style.good('✓'),
    note: style.attention('!'),
    problem: style.bad('✗'),
  }
  let title = ''
  /** A block of several lines came last: it stands apart from what follows. */
  let block = true
  let shown = false

  function line(text = ''): void {
    if (shown) terminal?.write(CLEAR_LINE)
    shown = false
    printer.line(text)
  }

  /** A paragraph whose first line begins with `label` and whose others stand under it. */
  function paragraph(label: string, labelWidth: number, text: string): void {
    const lines = wrapped(printable(text), printer.width - labelWidth)
    lines.forEach((one, index) => {
      line(`${index === 0 ? label : ' '.repeat(labelWidth)}${one}`)
    })
  }

  /** Two columns: which check, and what it has found; under it what follows from that. */
  function finding({ verdict, seen, breaks, remedies = [] }: Finding): void {
    const asides = [...(breaks === undefined ? [] : [{ where: 'Breaks', change: breaks }]), ...remedies]
    if (block || asides.length > 0) line()
    paragraph(`${signs[verdict]}  ${style.bold(title.padEnd(TITLE))}`, TITLE + 3, seen)
    for (const { where, change } of asides) {
      const label = where.padEnd(LABEL - 2)
      paragraph(`${' '.repeat(TITLE + 3)}${style.dim(label)}  `, TITLE + 3 + label.length + 2, change)
    }
    block = asides.length > 0
    // Further findings of a check stand under its title.
    title = ''
  }

  return {
    start(url) {
      line(`${style.bold('fairlead doctor')}  ${oneLine(url)}`)
    },
    check(_, name) {
      title = name
    },
    finding,
    progress(text) {
      if (terminal === undefined) return
      shown = true
      terminal.write(`${CLEAR_LINE}${style.dim(`   ${text}`)}`)
    },
    done({ ok, problems, notes, durationMs }) {
      line()
      const took = `in ${duration(durationMs)}`
      const said = notes === 0 ? '' : `, ${plural(notes, 'note')}`
      if (ok) line(`${signs.good}  No problem was found${said}; ${took}.`)
      else line(`${signs.problem}  ${plural(problems, 'problem')}${said}; ✗ above says what to change; ${took}.`)
    },
  }
}

/** The columns, with their gap: the title of a check, and where a remedy applies. */
const TITLE = 21
const LABEL = 14
