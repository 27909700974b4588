import { httpSseSuite } from './http-sse.ts'
import { startMemoryFleet } from './memory-fleet.ts'

httpSseSuite('one memory engine', startMemoryFleet)
