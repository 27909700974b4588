/**
 * Runs a program for the tools: its output goes to the terminal as it comes, and is kept for those who count in it.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Tools that come as dependencies are found here, whether or not npm started this process. */
const PATH = `${ROOT}node_modules/.bin${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, quiet?: boolean }} [options] `quiet`: keep the output, show none
 * @returns {Promise<{ code: number, stdout: string, output: string }>} `output` has both streams; a program that was
 *   ended by a signal has the code 1
 */
export function run(command, args, { cwd = ROOT, env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env, PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let output = ''
    const take = (stream) => (chunk) => {
      if (stream === process.stdout) stdout += chunk
      output += chunk
      if (!quiet) stream.write(chunk)
    }
    child.stdout.on('data', take(process.stdout))
    child.stderr.on('data', take(process.stderr))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, output }))
  })
}

/** A program that must succeed, for steps that prepare something. Returns what it wrote to standard output. */
export async function need(command, args, options) {
  const { code, stdout, output } = await run(command, args, { ...options, quiet: true })
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}.\n${output}`)
  return stdout
}
