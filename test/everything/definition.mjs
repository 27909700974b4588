/**
 * The "everything" server: what the official conformance suite asks of a server of either era, with its exact
 * texts, and a few controls that the tests with real clients turn.
 *
 * @module
 */
import { createServer } from 'fairlead'
import { defineAsks } from './asks.mjs'
import { defineContent } from './content.mjs'
import { defineControls } from './controls.mjs'
import { defineModern } from './modern.mjs'
import { definePrompts } from './prompts.mjs'
import { defineResources } from './resources.mjs'

/** Makes a fresh server: nothing is shared between two of them. */
export function createEverything() {
  const server = createServer({
    name: 'fairlead-everything',
    title: 'Everything',
    version: '1.0.0',
    instructions: 'A server for tests: each tool does one thing that a client must be able to handle.',
  })
  defineContent(server)
  defineAsks(server)
  defineResources(server)
  definePrompts(server)
  defineControls(server)
  defineModern(server)
  return server
}
