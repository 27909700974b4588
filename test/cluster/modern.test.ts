import { modernSuite } from '../replicas/modern.ts'
import { processFleets } from './process-fleet.ts'

modernSuite('three processes and Redis', processFleets())
