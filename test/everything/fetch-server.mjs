/** Serves the everything server by its fetch handler, as a runtime with `Request` and `Response` would. */
import { createServer } from 'node:http'
import { fetchHandler } from 'fairlead/fetch'
import { createEverything } from './definition.mjs'
import { environment } from './environment.mjs'
import { bridge } from './fetch-bridge.mjs'

const { port, host, secrets, engine } = environment(process.env)
const handler = fetchHandler(createEverything(), { legacySse: true, secrets, engine })
const http = createServer(bridge(handler))
http.listen(port, host, () => {
  console.log(`The everything server listens on http://${host}:${http.address().port}/mcp`)
})

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    http.close()
    await handler.close()
    http.closeAllConnections()
  })
}
