import { startMemoryFleet } from './memory-fleet.ts'
import { messagesSuite } from './messages.ts'

messagesSuite('one memory engine', startMemoryFleet)
