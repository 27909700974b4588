import { startMemoryFleet } from './memory-fleet.ts'
import { requestStreamsSuite } from './request-streams.ts'

requestStreamsSuite('one memory engine', startMemoryFleet)
