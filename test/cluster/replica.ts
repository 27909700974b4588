/** One replica of the tests as a process of its own. Its parent says over IPC when to count and when to leave. */
import { serve } from 'fairlead/node'
import { redis } from 'fairlead/redis'
import { replicaServer } from '../replicas/definition.ts'
import type { ReplicaSettings, ToParent, ToReplica } from './ipc.ts'

const { name, port, url, prefix, secret, options } = JSON.parse(process.env['REPLICA']!) as ReplicaSettings
const say = (message: ToParent): void => void process.send?.(message)

const { jsonResponse = false, lease = 2_000, onEngineOutage = 'serve' } = options
const handle = await serve(replicaServer(name), {
  port,
  signals: false,
  engine: redis(url, { prefix }),
  secrets: [secret],
  jsonResponse,
  legacySse: true,
  // As behind a balancer: health checks come under any name, and clients under that of the balancer.
  security: { allowedHosts: ['127.0.0.1', 'localhost'] },
  session: { lease, onEngineOutage },
  logger: () => {},
  onError: (error, { where }) => {
    if (process.env['REPLICA_ERRORS']) console.error(name, where, error)
  },
})

process.on('message', async (message: ToReplica) => {
  if (message.t === 'counters') say({ t: 'counters', counters: handle.counters() })
  else {
    await handle.close({ deadline: message.deadline })
    process.exit()
  }
})
process.on('disconnect', () => process.exit())
say({ t: 'listening', url: handle.url })
