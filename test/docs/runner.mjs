// Runs one program of the documents as it stands, but for the port: every server gets a free one, so that the documents
// can say 8000. Tells its parent on which ports the program listens once it was evaluated.
import { Server } from 'node:net'
import { pathToFileURL } from 'node:url'

const listening = []
const { listen } = Server.prototype

Server.prototype.listen = function (...args) {
  const [first, ...rest] = args
  const anywhere = typeof first === 'object' && first !== null ? { ...first, port: 0 } : 0
  const started = new Promise((resolve) => this.once('listening', () => resolve(this.address().port)))
  listening.push(started)
  return listen.call(this, anywhere, ...rest)
}

await import(pathToFileURL(process.argv[2]).href)
process.send({ ports: await Promise.all(listening) }, () => process.disconnect())
