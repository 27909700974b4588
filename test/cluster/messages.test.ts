import { messagesSuite } from '../replicas/messages.ts'
import { processFleets } from './process-fleet.ts'

messagesSuite('three processes and Redis', processFleets())
