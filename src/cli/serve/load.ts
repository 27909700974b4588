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
import type { redis } from '../../adapters/redis.ts'
import type { Server } from '../../server/server.ts'
import { failure, usage } from '../failure.ts'
import { enableTypeScript, isTypeScript } from './typescript.ts'

export interface Loaded {
  readonly server: Server
  readonly serve: typeof serve
  /** Of the same copy too: errors are known by their class. */
  readonly loadRedis: () => Promise<typeof redis>
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
  const found = await serverOf(exported)
  if (!found) {
    throw usage(
      `${shortPath(file)} does not export a server by default. ` +
        'End it with "export default server", where server comes from createServer(…), and do not call serve() in it.',
    )
  }
  const { server, required } = found
  const { serve } = await entryFor(file, required, 'node', () => import('../../adapters/node.ts'))
  const loadRedis = async () => (await entryFor(file, required, 'redis', () => import('../../adapters/redis.ts'))).redis
  return { server, serve, loadRedis }
}

async function importFile(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    if (error instanceof SyntaxError && placeOf(error) === undefined) return await endWithSyntaxError(file, error)
    throw failure(`${shortPath(file)} could not be loaded. ${reason(error)}`, error)
  }
}

/** The line of a syntax error is in no public property: only Node's own report of an uncaught one shows it. */
function endWithSyntaxError(file: string, error: SyntaxError): Promise<never> {
  process.stderr.write(`fairlead: ${shortPath(file)} could not be loaded.\n`)
  error.stack = `${error.name}: ${error.message}`
  setImmediate(() => {
    throw error
  })
  return new Promise(() => {})
}

/**
 * Finds the server in what was imported. A CommonJS file that was compiled from ES module syntax has its default
 * export inside another one; it got this package by `require`, which may be another copy than `import` gets.
 */
async function serverOf(module: unknown): Promise<{ server: Server; required: boolean } | undefined> {
  let value: unknown = module
  for (const required of [false, true]) {
    value = typeof value === 'object' && value !== null && 'default' in value ? value.default : value
    value = await value
    if (isServer(value)) return { server: value, required }
  }
  return undefined
}

function isServer(value: unknown): value is Server {
  return typeof value === 'object' && value !== null && 'tool' in value && typeof value.tool === 'function'
}

/** An entry of this package as the file itself would get it. */
async function entryFor<Entry>(
  file: string,
  required: boolean,
  name: string,
  ours: () => Promise<Entry>,
): Promise<Entry> {
  const require = createRequire(file)
  let theirs: string | undefined
  try {
    theirs = require.resolve(`${PACKAGE}/${name}`)
  } catch {
    // The file got its server from elsewhere: from a relative path, for one.
  }
  if (theirs === undefined) return await ours()
  return (required ? require(theirs) : await import(pathToFileURL(theirs).href)) as Entry
}

/** The name under which a project imports this package. */
const PACKAGE = 'fairlead'

/** What went wrong in the user's file, and where in it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return `It threw ${String(error)}.`
  const place = placeOf(error)
  return `${error.name}: ${error.message}${place ? `\n    at ${place}` : ''}`
}

/** The innermost place that is neither Node's nor a package's. */
function placeOf({ stack = '' }: Error): string | undefined {
  for (const line of stack.split('\n')) {
    const match = /(?:^|[\s(])(file:\/\/[^\s)]+?|\/[^\s():]+?)(:\d+(?::\d+)?)\)?$/.exec(line.trim())
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
