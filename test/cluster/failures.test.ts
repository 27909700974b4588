import { failuresSuite } from '../replicas/failures.ts'
import { processFleets } from './process-fleet.ts'

failuresSuite('three processes and Redis', processFleets())
