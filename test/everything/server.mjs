/** Serves the everything server with the node adapter: `npm run everything`. */
import { serve } from 'fairlead/node'
import { createEverything } from './definition.mjs'
import { environment } from './environment.mjs'

const { url } = await serve(createEverything(), { legacySse: true, ...environment(process.env) })
console.log(`The everything server listens on ${url}`)
