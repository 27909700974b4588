import { sessionStreamsSuite } from '../replicas/session-streams.ts'
import { processFleets } from './process-fleet.ts'

sessionStreamsSuite('three processes and Redis', processFleets())
