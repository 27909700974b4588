import { startMemoryFleet } from './memory-fleet.ts'
import { sessionStreamsSuite } from './session-streams.ts'

sessionStreamsSuite('one memory engine', startMemoryFleet)
