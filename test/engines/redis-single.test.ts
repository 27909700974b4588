/** The contract of the engine port on one Redis server. */
import { redisContract } from './redis-contract.ts'

redisContract('single')
