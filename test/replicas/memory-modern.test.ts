import { startMemoryFleet } from './memory-fleet.ts'
import { modernSuite } from './modern.ts'

modernSuite('one memory engine', startMemoryFleet)
