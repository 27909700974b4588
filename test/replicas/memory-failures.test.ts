import { failuresSuite } from './failures.ts'
import { startMemoryFleet } from './memory-fleet.ts'

failuresSuite('one memory engine', startMemoryFleet)
