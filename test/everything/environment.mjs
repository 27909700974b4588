import { redis } from 'fairlead/redis'

/**
 * Reads what a server started by hand takes from its environment.
 *
 * @returns {{ port: number, host: string, auth: 'none', secrets: string[] | undefined, engine: import('fairlead/engine').Engine | undefined }}
 * @throws when `FAIRLEAD_ENGINE` is neither `memory:` nor the URL of a Redis
 */
export function environment({ PORT = '8000', HOST = '127.0.0.1', FAIRLEAD_SECRET, FAIRLEAD_ENGINE = 'memory:' }) {
  const engine = FAIRLEAD_ENGINE === 'memory:' ? undefined : redis(FAIRLEAD_ENGINE)
  return { port: Number(PORT), host: HOST, auth: 'none', secrets: FAIRLEAD_SECRET?.split(','), engine }
}
