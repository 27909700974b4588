/** Start-up of Fairlead with zod tools. */
import * as z from 'zod'
import { createServer } from '../../dist/bundle/index.js'
import { serve } from '../../dist/bundle/node.js'

const count = Number(process.argv[2] ?? 1)
const server = createServer({ name: 'fairlead', version: '1.0.0' })
for (let index = 1; index <= count; index += 1) {
  const inputSchema = z.object({ message: z.string() })
  server.tool(`tool_${index}`, { inputSchema }, ({ message }) => message)
}

const { port } = await serve(server, { port: 0, host: '127.0.0.1' })
process.stdout.write(`listening ${port}\n`)
