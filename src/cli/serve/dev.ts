/**
 * `fairlead dev <file>`: `run` in a child process, started again whenever a source file changes.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { createStyle, wantsColour } from '../terminal/style.ts'
import { devSecret } from './dev-secret.ts'
import { existingFile } from './load.ts'
import { type ServingOptions, settingsOf } from './settings.ts'
import { watchSources } from './watch.ts'

export interface DevOptions extends ServingOptions {
  /** Further folders to watch. */
  readonly watch?: readonly string[]
}

/** Calls in flight get this long when a file changes: who saves wants to see the new code. */
const DRAIN_MS = 500

/** A child that does not end by then is killed. */
const KILL_AFTER_MS = 3000

export async function dev(name: string, options: DevOptions): Promise<void> {
  const file = existingFile(name)
  const settings = settingsOf(options)
  const project = projectOf(file)
  const { dim, attention } = createStyle(wantsColour(process.stderr))
  const say = (text: string): void => void process.stderr.write(`${dim('fairlead dev')}  ${text}\n`)

  const child = createChild({
    arguments: [
      ...['run', name, '--host', settings.host, '--path', settings.path, '--deadline', String(DRAIN_MS)],
      ...(options.open === true ? ['--open'] : []),
    ],
    port: settings.port,
    env: { ...process.env, FAIRLEAD_SECRET: process.env['FAIRLEAD_SECRET'] || devSecret(project) },
    onFailure: () => say(attention('The server stopped. Waiting for a change.')),
  })
  const watching = watchSources(
    [...new Set([project, dirname(file), ...(options.watch ?? []).map((folder) => resolve(folder))])],
    (changed) => {
      say(`${relative(project, changed)} changed: starting again`)
      void child.restart()
    },
  )
  say(`watching ${relative(process.cwd(), project) || '.'}; sessions survive a restart`)
  if (watching.truncated) say('There are too many folders here; some are not watched.')

  const stop = (): void => {
    watching.close()
    void child.stop().then(() => process.exit(0))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  await child.restart()
}

interface Child {
  /** Ends the process that runs, if any, and starts a new one. */
  restart(): Promise<void>
  stop(): Promise<void>
}

interface ChildOptions {
  readonly arguments: readonly string[]
  readonly port: number
  readonly env: NodeJS.ProcessEnv
  /** The process ended although nobody asked it to. */
  readonly onFailure: () => void
}

function createChild(options: ChildOptions): Child {
  const main = process.argv[1]!
  let running: ChildProcess | undefined
  // With port 0 the first process chooses, and the later ones keep its choice: clients know it.
  let port = options.port
  let last: Promise<void> = Promise.resolve()

  function start(): void {
    const started = spawn(process.execPath, [main, ...options.arguments, '--port', String(port)], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: options.env,
    })
    running = started
    started.on('message', (message: { readonly port?: unknown }) => {
      if (typeof message.port === 'number') port = message.port
    })
    started.on('exit', () => {
      if (running !== started) return
      running = undefined
      options.onFailure()
    })
  }

  async function end(): Promise<void> {
    const ending = running
    running = undefined
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
    const ended = new Promise<void>((resolve) => ending.once('exit', () => resolve()))
    ending.kill('SIGTERM')
    const killer = setTimeout(() => ending.kill('SIGKILL'), KILL_AFTER_MS)
    await ended
    clearTimeout(killer)
  }

  return {
    // One after the other: two processes can't have the same port.
    restart: () => {
      last = last.then(end).then(start)
      return last
    },
    stop: () => last.then(end),
  }
}

/** The folder of the nearest package.json, else the folder of the file. */
function projectOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return dirname(file)
  }
}
