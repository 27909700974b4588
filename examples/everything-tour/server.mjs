// Serves the harbour office on http://127.0.0.1:8000/mcp: `node examples/everything-tour/server.mjs`
import { serve } from 'fairlead/node'
import server from './harbour.mjs'

const { PORT, HOST } = process.env
const { url } = await serve(server, { port: Number(PORT || 8000), host: HOST || '127.0.0.1', auth: 'none' })
console.log(`The harbour office listens on ${url}`)
