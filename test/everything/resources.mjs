import { Buffer } from 'node:buffer'
import { IMAGE } from './samples.mjs'

/** The resources of the suite, and one template. */
export function defineResources(server) {
  const text = { description: 'A resource whose text never changes.', mimeType: 'text/plain' }
  server.resource('Static text', 'test://static-text', text, async () => {
    return 'This is the content of the static text resource.'
  })

  const binary = { description: 'A resource of bytes: an image.', mimeType: 'image/png' }
  server.resource('Static binary', 'test://static-binary', binary, async () => Buffer.from(IMAGE, 'base64'))

  const watched = { description: 'A resource to subscribe to.', mimeType: 'text/plain' }
  server.resource('Watched resource', 'test://watched-resource', watched, async () => 'Watched resource content')

  const template = {
    description: 'Data of one record, by its id.',
    mimeType: 'application/json',
    complete: { id: (value) => ['123', '124', '200'].filter((id) => id.startsWith(value)) },
  }
  server.resourceTemplate('Record', 'test://template/{id}/data', template, async (_uri, { id }) => {
    return JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
  })
}
