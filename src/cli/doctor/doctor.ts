/**
 * `fairlead doctor <url>`: looks at an endpoint through whatever stands before it, says what is wrong, whom that hurts,
 * and which line of configuration to change.
 *
 * @module
 */
import { createPrinter } from '../terminal/printer.ts'
import { createStyle, wantsColour } from '../terminal/style.ts'
import { Between } from './between.ts'
import { IDLE, type IdleWatch, watchIdle } from './checks/idle.ts'
import { CHECKS } from './checks/index.ts'
import { reach } from './checks/reach.ts'
import { createJsonReport } from './json-report.ts'
import { type Patient, problem } from './patient.ts'
import type { Finding, Report } from './report.ts'
import { Talk } from './talk.ts'
import { createTextReport } from './text-report.ts'
import { NoAnswer, Wire } from './wire.ts'

export interface DoctorOptions {
  readonly header?: Readonly<Record<string, string>>
  readonly json?: boolean
  /** Leaves out what takes 75 s. */
  readonly quick?: boolean
  readonly tries?: number
  readonly origin?: string
}

const TRIES = 12

/** Examines, and returns the exit code: 1 when there is a problem. */
export async function doctor(url: string, options: DoctorOptions): Promise<number> {
  const printer = createPrinter(process.stdout)
  const style = createStyle(wantsColour(process.stdout))
  const terminal = process.stderr.isTTY ? process.stderr : undefined
  const report = options.json ? createJsonReport(printer) : createTextReport({ printer, style, terminal })
  const startedAt = performance.now()
  const wire = new Wire(url, options.header ?? {})
  report.start(url)
  const counts = { problems: 0, notes: 0 }
  const failed = new Set<string>()
  const tell = (check: { readonly id: string; readonly title: string }, findings: readonly Finding[]): void => {
    report.check(check.id, check.title)
    for (const finding of findings) {
      report.finding(finding)
      if (finding.verdict === 'note') counts.notes++
      if (finding.verdict !== 'problem') continue
      counts.problems++
      failed.add(check.id)
    }
  }
  try {
    await examine(new Talk(wire), options, { report, failed, tell })
  } finally {
    wire.close()
  }
  const ok = counts.problems === 0
  report.done({ ok, ...counts, durationMs: performance.now() - startedAt })
  return ok ? 0 : 1
}

interface Telling {
  readonly report: Report
  readonly failed: ReadonlySet<string>
  tell(check: { readonly id: string; readonly title: string }, findings: readonly Finding[]): void
}

async function examine(talk: Talk, options: DoctorOptions, { report, failed, tell }: Telling): Promise<void> {
  const between = new Between()
  report.progress('initialize …')
  const { findings, profile } = await reach(talk, between)
  tell({ id: 'reach', title: 'Speaks MCP' }, findings)
  if (profile === undefined) return
  const { tries = TRIES, origin } = options
  const patient: Patient = { talk, profile, between, tries, origin, failed }
  const idle = options.quick ? undefined : watchIdle(patient)
  for (const check of CHECKS) {
    report.progress(`${check.title} …`)
    tell(check, await check.run(patient).catch(brokenOff))
  }
  if (idle !== undefined) await tellIdle(idle, { report, failed, tell })
  // A session of this package costs its server nothing; that it has ended would have to be kept.
  if (!profile.ours) await talk.endAll()
}

/** A connection that breaks during a check is a finding too. */
function brokenOff(thrown: unknown): readonly Finding[] {
  if (!(thrown instanceof NoAnswer)) throw thrown
  return [
    problem(`A request got no answer: ${thrown.message}.`, {
      breaks: 'Calls fail by chance.',
      remedies: [{ where: 'the balancer', change: 'look at its log: a replica that is gone, a limit, a time-out' }],
    }),
  ]
}

async function tellIdle(idle: IdleWatch, { report, tell }: Telling): Promise<void> {
  const timer = setInterval(() => report.progress(idle.progress()), 1_000)
  try {
    const finding = await idle.finding
    if (finding !== undefined) tell(IDLE, [finding])
  } finally {
    clearInterval(timer)
  }
}
