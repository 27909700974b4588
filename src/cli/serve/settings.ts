/**
 * Where to listen and with which secrets: flags first, then the environment, then defaults.
 *
 * @module
 */
import { failure, usage } from '../failure.ts'
import { readPort } from '../options.ts'

/** The flags of `run` and `dev`. */
export interface ServingOptions {
  readonly port?: number
  readonly host?: string
  readonly path?: string
}

export interface Settings {
  readonly port: number
  readonly host: string
  readonly path: string
  /** Newest first; absent where every process makes its own. */
  readonly secrets?: readonly string[]
}

export function settingsOf(options: ServingOptions, env: NodeJS.ProcessEnv = process.env): Settings {
  const { PORT, HOST, FAIRLEAD_SECRET, FAIRLEAD_ENGINE } = env
  if (FAIRLEAD_ENGINE && FAIRLEAD_ENGINE !== 'memory:') {
    throw failure(`FAIRLEAD_ENGINE is "${FAIRLEAD_ENGINE}", but the only engine is "memory:".`)
  }
  const path = options.path ?? '/mcp'
  if (!path.startsWith('/')) throw usage(`--path begins with a slash: "/${path}".`)
  const secrets = FAIRLEAD_SECRET?.split(',').filter((secret) => secret !== '') ?? []
  return {
    port: options.port ?? (PORT ? readPort(PORT) : 8000),
    host: options.host ?? (HOST || '127.0.0.1'),
    path,
    ...(secrets.length > 0 ? { secrets } : {}),
  }
}
