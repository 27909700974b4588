/** The contract of the engine port on a Redis cluster of three nodes. */
import { redisContract } from './redis-contract.ts'

redisContract('cluster')
