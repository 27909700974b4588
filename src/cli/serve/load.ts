/**
 * Imports the file of a user, and finds the server that it exports.
 *
 * @module
 */
import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { serve } from '../../adapters/node.ts'
import type { Server } from '../../server/server.ts'
import { failure, usage } from '../failure.ts'
import { enableTypeScript, isTypeScript } from './typescript.ts'

export interface Loaded {
  readonly server: Server
  readonly serve: typeof serve
}

/** The absolute path of a file that the command line names. */
export function existingFile(name: string): string {
  const file = resolve(name)
  if (!existsSync(file)) throw usage(`There is no file ${name}.`)
  if (!statSync(file).isFile()) throw usage(`${name} is not a file.`)
  return file
}

/**
 * The server of the file, and the `serve` of the same copy of this package: a server is known only to the copy whose
 * `createServer` made it, and a global command line is another copy than the project's.
 */
export async function load(file: string): Promise<Loaded> {
  if (isTypeScript(file)) await enableTypeScript(file)
  const exported = await importFile(file)
  const server = await serverOf(exported)
  if (!server) {
    throw usage(
      `${shortPath(file)} does not export a server by default. ` +
        'End it with "export default server", where server comes from createServer(…), and do not call serve() in it.',
    )
  }
  return { server, serve: await serveFor(file) }
}

async function importFile(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    throw failure(`${shortPath(file)} could not be loaded. ${reason(error)}`, error)
  }
}

/** A CommonJS file, and TypeScript compiled to it, has its default export inside another one. */
async function serverOf(module: unknown): Promise<Server | undefined> {
  let value: unknown = module
  for (let depth = 0; depth < 2; depth++) {
    value = typeof value === 'object' && value !== null && 'default' in value ? value.default : value
    value = await value
    if (isServer(value)) return value
  }
  return undefined
}

function isServer(value: unknown): value is Server {
  return typeof value === 'object' && value !== null && 'tool' in value && typeof value.tool === 'function'
}

async function serveFor(file: string): Promise<typeof serve> {
  let theirs: string | undefined
  try {
    theirs = createRequire(file).resolve('fairlead/node')
  } catch {
    // The file got its server from elsewhere: from a relative path, for one.
  }
  const module: unknown = theirs ? await import(pathToFileURL(theirs).href) : await import('../../adapters/node.ts')
  return (module as { serve: typeof serve }).serve
}

/** What went wrong in the user's file, and where in it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return `It threw ${String(error)}.`
  const place = placeOf(error)
  return `${error.name}: ${error.message}${place ? `\n    at ${place}` : ''}`
}

/** The innermost place that is neither Node's nor a package's. */
function placeOf({ stack = '' }: Error): string | undefined {
  for (const line of stack.split('\n')) {
    const match = /(file:\/\/[^\s)]+?|\/[^\s():]+?)(:\d+(?::\d+)?)\)?$/.exec(line.trim())
    const [, where = '', position = ''] = match ?? []
    if (where === '' || where.includes('/node_modules/') || where.startsWith(OURS)) continue
    return `${shortPath(where.startsWith('file:') ? fileURLToPath(where) : where)}${position}`
  }
  return undefined
}

/** Where the compiled command line itself lies. */
const OURS = new URL('..', import.meta.url).href

function shortPath(file: string): string {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') || path === '' ? file : path
}
