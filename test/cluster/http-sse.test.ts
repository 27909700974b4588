import { httpSseSuite } from '../replicas/http-sse.ts'
import { processFleets } from './process-fleet.ts'

httpSseSuite('three processes and Redis', processFleets())
