/**
 * What a session has besides the offers of the server: its stream, ping, and a log level.
 *
 * @see the specification, basic/lifecycle, "Operation"
 * @module
 */
import { isObject } from '../../../wire/jsonrpc.ts'
import { attempt, type Walker } from '../walker.ts'

/** How long the answer to GET is waited for. */
const STREAM_WAIT_MS = 2000

/** How long the first frames of the session stream are waited for. */
const FIRST_FRAMES_MS = 50

export async function walkSession(walker: Walker): Promise<void> {
  const { client, report } = walker
  await attempt(report, () => openStream(walker))
  await attempt(report, () => ping(walker))
  // A level belongs to a session: without one there is nothing that it could stick to.
  const { capabilities = {}, sessionId } = client.session ?? {}
  if (isObject(capabilities['logging']) && sessionId !== undefined) await attempt(report, () => setLogLevel(walker))
}

async function openStream({ client, report }: Walker): Promise<void> {
  report.step('The session stream', 'By GET the client lets the server speak whenever it likes, outside any request.')
  // A server may hold the headers back until it has something to say: the walk does not wait for that.
  let timer: ReturnType<typeof setTimeout> | undefined
  const waited = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, STREAM_WAIT_MS, undefined)
  })
  const opening = client.openStream()
  opening.catch(() => {})
  const status = await Promise.race([opening, waited]).finally(() => clearTimeout(timer))
  // Its first frames belong to this step, not to the next.
  if (status?.open) await new Promise((resolve) => setTimeout(resolve, FIRST_FRAMES_MS))
  if (status === undefined) report.note('The server has not answered the GET yet; the walk goes on.')
  else if (status.open) report.good('The stream is open, and stays open while the walk goes on.')
  else if (status.status === 405)
    report.note('The server offers no such stream (405): it speaks only while it answers a request.')
  else report.problem(`GET should open a stream, or be refused with 405. It was answered with ${status.status}.`)
}

async function ping(walker: Walker): Promise<void> {
  const { report } = walker
  report.step('ping', 'Either side may ask whether the other is still there.')
  await walker.request('ping')
  report.good('The server is there.')
}

async function setLogLevel(walker: Walker): Promise<void> {
  const { report } = walker
  report.step('logging/setLevel', 'The client chooses which log messages it wants to see: here all of them.')
  await walker.request('logging/setLevel', { level: 'debug' })
  report.good('The server sends log messages from debug up.')
}
