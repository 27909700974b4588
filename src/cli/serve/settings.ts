/**
 * Where to listen and with which secrets: flags first, then the environment, then defaults.
 *
 * @module
 */
import { isLoopbackName } from '../../wire/loopback.ts'
import { failure, usage } from '../failure.ts'
import { readPort } from '../options.ts'

/** The flags of `run` and `dev`. */
export interface ServingOptions {
  readonly port?: number
  readonly host?: string
  readonly path?: string
  readonly open?: boolean
}

export interface Settings {
  readonly port: number
  readonly host: string
  readonly path: string
  /** Absent where nobody has said that everybody may come in: on loopback that needs no saying. */
  readonly auth?: 'none'
  /** Newest first; absent where every process makes its own. */
  readonly secrets?: readonly string[]
  /** Where what replicas share is; absent for the memory engine. */
  readonly engineUrl?: string
}

/** The engine that is there by itself. */
const MEMORY = 'memory:'

export function settingsOf(options: ServingOptions, env: NodeJS.ProcessEnv = process.env): Settings {
  const { PORT, HOST, FAIRLEAD_SECRET, FAIRLEAD_ENGINE } = env
  const engineUrl = FAIRLEAD_ENGINE || MEMORY
  if (engineUrl !== MEMORY && !/^rediss?:\/\//.test(engineUrl)) {
    // What it is may hold a password.
    throw failure(`FAIRLEAD_ENGINE is neither "${MEMORY}" nor a URL that begins with redis:// or rediss://.`)
  }
  const path = options.path ?? '/mcp'
  if (!path.startsWith('/')) throw usage(`--path begins with a slash: "/${path}".`)
  const host = options.host ?? (HOST || '127.0.0.1')
  if (!isLoopbackName(host) && options.open !== true) {
    throw usage(`On ${host} others can reach the server, and it lets everybody in: say --open to allow that.`)
  }
  const secrets = FAIRLEAD_SECRET?.split(',').filter((secret) => secret !== '') ?? []
  return {
    port: options.port ?? (PORT ? readPort(PORT) : 8000),
    host,
    path,
    ...(options.open === true && { auth: 'none' }),
    ...(secrets.length > 0 ? { secrets } : {}),
    ...(engineUrl !== MEMORY && { engineUrl }),
  }
}
