/**
 * Whether a server can keep the guarantees of the port, by what it says of itself.
 *
 * @module
 */
import { EngineError } from '../../engine/engine.ts'

/** Scripts replicate by their effects, and `XTRIM`, `PXAT` and `INFO` are as the scripts use them. */
const OLDEST_MAJOR = 7

/** @throws {EngineError} `unsuitable`, with what to change */
export function checkServer(info: string): void {
  // What a service does not tell can't be checked.
  const version = field(info, 'valkey_version') ?? field(info, 'redis_version')
  const name = field(info, 'server_name') === 'valkey' ? 'Valkey' : 'Redis'
  if (version !== undefined && Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new EngineError('unsuitable', `The server is ${name} ${version}; it must be Redis 7 or Valkey 7.2 at least.`)
  }
  const policy = field(info, 'maxmemory_policy')
  const limited = field(info, 'maxmemory') !== '0'
  if (policy !== undefined && policy !== 'noeviction' && limited) {
    throw new EngineError(
      'unsuitable',
      `${name} has maxmemory-policy ${policy}: when memory runs short it would drop sessions, answers and locks that ` +
        'clients were told are kept. Set "maxmemory-policy noeviction", or use a server of its own.',
    )
  }
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}
