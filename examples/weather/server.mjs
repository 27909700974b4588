// The weather server of the tutorial: two tools, on http://127.0.0.1:8000/mcp. Start it with `npm start`.
import { createServer, ToolError } from 'fairlead'
import { serve } from 'fairlead/node'
import { redis } from 'fairlead/redis'
import { z } from 'zod'

const FORECASTS = { london: 'rain, 11 °C', paris: 'sunny, 17 °C', tokyo: 'cloudy, 20 °C', nairobi: 'sunny, 26 °C' }

const server = createServer({ name: 'weather', version: '1.0.0' })
let calls = 0

server.tool(
  'get_forecast',
  {
    description: 'The forecast for a city',
    inputSchema: z.object({ city: z.string().describe('For example "Paris"') }),
    annotations: { readOnlyHint: true },
  },
  async ({ city }) => {
    calls += 1
    const forecast = FORECASTS[city.trim().toLowerCase()]
    // A ToolError reaches the client as it is; of any other error it learns nothing.
    if (!forecast) throw new ToolError(`No forecast for ${city}. Known: ${Object.keys(FORECASTS).join(', ')}.`)
    return `${city}: ${forecast}`
  },
)

const annotations = { readOnlyHint: true }
server.tool('server_status', { description: 'How the server is doing', annotations }, async () => {
  return `Up for ${Math.round(process.uptime())} s, ${calls} forecasts asked for.`
})

// What a deployment sets: where to listen, the secrets (newest first) with which sessions survive a restart, and for
// several replicas the URL of the Redis that they share.
const { PORT, HOST, FAIRLEAD_SECRET, FAIRLEAD_ENGINE } = process.env
const { url } = await serve(server, {
  port: Number(PORT || 8000),
  host: HOST || '127.0.0.1',
  // The weather is for everybody. A server that can be reached from outside has to say so.
  auth: 'none',
  secrets: FAIRLEAD_SECRET?.split(','),
  engine: FAIRLEAD_ENGINE && FAIRLEAD_ENGINE !== 'memory:' ? redis(FAIRLEAD_ENGINE) : undefined,
})
console.log(`The weather server listens on ${url}`)
