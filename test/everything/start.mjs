/**
 * Starts the everything server in a process of its own, on a free port.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const ENTRIES = { node: 'server.mjs', fetch: 'fetch-server.mjs' }

/** A start takes well under a second; this covers a machine under load. */
const START_LIMIT_MS = 20_000

/**
 * @param {'node' | 'fetch'} adapter which entry serves it
 * @param {Record<string, string>} [env] more environment, for example `FAIRLEAD_SECRET`
 * @returns {Promise<{ url: string, port: number, pid: number, stderr: () => string, kill: (signal: NodeJS.Signals) => Promise<void>, close: () => Promise<number | null> }>}
 *   `close` ends the process as a supervisor would (SIGTERM) and resolves with its exit code
 */
export async function startEverything(adapter, env = {}) {
  const entry = fileURLToPath(new URL(ENTRIES[adapter], import.meta.url))
  const child = spawn(process.execPath, [entry], {
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'exit')
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const url = await new Promise((resolve, reject) => {
    const fail = (why) => {
      child.kill('SIGKILL')
      reject(new Error(`The everything server ${why}.\n${stdout}${stderr}`))
    }
    const timer = setTimeout(fail, START_LIMIT_MS, `printed no URL within ${START_LIMIT_MS / 1000} s`)
    exit.then(
      ([code]) => fail(`ended with ${code} before it listened`),
      (error) => fail(`could not be started: ${error.message}`),
    )
    child.stdout.on('data', (chunk) => {
      stdout += chunk
      const match = /https?:\/\/\S+/.exec(stdout)
      if (match && stdout.indexOf('\n', match.index) >= 0) {
        clearTimeout(timer)
        resolve(match[0])
      }
    })
  })
  const kill = async (signal) => {
    child.kill(signal)
    await exit
  }
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    stderr: () => stderr,
    kill,
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const [code] = await exit
      return code
    },
  }
}
