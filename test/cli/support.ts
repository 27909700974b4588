/** Runs the built command line and the servers that it talks to, each as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = join(ROOT, 'dist/bundle/cli.js')

/** A path of this repository. */
export function inRepository(path: string): string {
  return join(ROOT, path)
}

/** A fixture of these tests. */
export function fixture(name: string): string {
  return join(ROOT, 'test/cli/fixtures', name)
}

export interface Finished {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** A process under test, with what it has written so far. */
export interface Running {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  readonly text: () => string
  /** Waits for a text on stdout or stderr, `count` times. */
  saw(pattern: RegExp, count?: number): Promise<RegExpExecArray>
}

const running = new Set<ChildProcess>()
const folders: string[] = []
afterAll(async () => {
  for (const child of running) {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Starts a Node program. Colours are off unless `env` says otherwise: the test runner has its own. */
export function start(args: readonly string[], { env = {}, cwd = ROOT }: RunOptions = {}): Running {
  const { FORCE_COLOR: _, NO_COLOR: __, DEBUG: ___, PORT: ____, HOST: _____, ...inherited } = process.env
  const child = spawn(process.execPath, args, { cwd, env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let out = ''
  let err = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk
    for (const listener of listeners) listener()
  })
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      for (const listener of listeners) listener()
      resolve({ code, out, err })
    })
  })
  const text = (): string => `${out}${err}`
  return {
    child,
    finished,
    text,
    saw: (pattern, count = 1) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(), PATIENCE_MS)
        const settle = (match?: RegExpExecArray): void => {
          clearTimeout(timer)
          listeners.delete(look)
          if (match) resolve(match)
          else reject(new Error(`The process did not write ${pattern}, but: ${text()}`))
        }
        const look = (): void => {
          const match = [...text().matchAll(new RegExp(pattern, `${pattern.flags}g`))][count - 1]
          if (match || child.exitCode !== null) settle(match)
        }
        listeners.add(look)
        look()
      }),
  }
}

/** Longer than any of these programs takes, on a busy machine too. */
const PATIENCE_MS = 20_000

/** Runs `fairlead` to its end. */
export function fairlead(args: readonly string[], options?: RunOptions): Promise<Finished> {
  return start([MAIN, ...args], options).finished
}

/** Starts `fairlead` and lets it run. */
export function startFairlead(args: readonly string[], options?: RunOptions): Running {
  return start([MAIN, ...args], options)
}

/** Starts a program that prints the URL it serves, and waits for it. */
export async function serving(args: readonly string[], options: RunOptions = {}): Promise<Running & { url: string }> {
  const program = start(args, { ...options, env: { PORT: '0', ...options.env } })
  const [url] = await program.saw(/http:\/\/\S+/)
  return { ...program, url }
}

export function weather(): Promise<Running & { url: string }> {
  return serving([inRepository('examples/weather/server.mjs')])
}

export function everything(): Promise<Running & { url: string }> {
  return serving([inRepository('test/everything/server.mjs')])
}

/** The fixture, served by `fairlead run`. */
export function harbour(): Promise<Running & { url: string }> {
  return serving([MAIN, 'run', fixture('harbour.mjs')])
}

/** A folder of its own in which the package can be imported by its name. */
export function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-cli-'))
  folders.push(folder)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/fairlead'))
  return folder
}
