/** Serves the everything server over standard input and output, as a client starts it. */
import { serveStdio } from 'fairlead/stdio'
import { createEverything } from './definition.mjs'

const { closed } = await serveStdio(createEverything())
await closed
