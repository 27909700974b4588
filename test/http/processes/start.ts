/** Starts `server.mjs` as a process, and sees it off when the test file is done. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

export interface Process {
  readonly url: string
  readonly port: number
  /** What it has printed, line by line. */
  readonly lines: readonly string[]
  signal(name: NodeJS.Signals): void
  /** Its exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals | null>
}

const running: ChildProcess[] = []
afterAll(() => {
  for (const child of running) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
})

export async function startProcess(env: Record<string, string> = {}): Promise<Process> {
  const file = fileURLToPath(new URL('server.mjs', import.meta.url))
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.push(child)
  const exit = once(child, 'exit').then(([code, signal]) => code ?? signal)
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout! })
  reader.on('line', (line) => lines.push(line))
  await Promise.race([once(reader, 'line'), exit])
  const url = lines[0]?.replace('listening ', '')
  if (url === undefined) throw new Error(`The server did not start; it ended with ${await exit}.`)
  return { url, port: Number(new URL(url).port), lines, signal: (name) => void child.kill(name), exit }
}
