import { requestStreamsSuite } from '../replicas/request-streams.ts'
import { processFleets } from './process-fleet.ts'

requestStreamsSuite('three processes and Redis', processFleets())
