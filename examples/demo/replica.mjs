// One replica: what they all share is the engine and the secret.
import { serve } from 'fairlead/node'
import { redis } from 'fairlead/redis'
import server from './harbour.mjs'

const { PORT, REDIS_URL, SECRET } = process.env
const { url } = await serve(server, { port: Number(PORT), engine: redis(REDIS_URL), secrets: [SECRET] })
console.log(url)
