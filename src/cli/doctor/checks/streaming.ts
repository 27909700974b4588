/**
 * Do events arrive when they are sent, or does something collect them. A server of this package writes the first bytes of
 * a session stream at once, and the first event as soon as the engine has answered; any server acknowledges a subscription
 * of the modern era at once. The next byte may follow seconds later, so what does not come soon is being held back.
 *
 * @module
 */
import { duration } from '../../terminal/text.ts'
import { type Lasting, lastingOf } from '../lasting.ts'
import { type Check, good, note, type Patient, problem } from '../patient.ts'
import type { Finding } from '../report.ts'
import { eventsOf, isSse } from '../talk.ts'
import { NoAnswer, type OpenStream } from '../wire.ts'

/** Well above what an engine takes, and below the 15 s after which a server of ours writes again. */
const HELD_MS = 6_000

const UNBUFFERED = {
  nginx: 'proxy_buffering off; and no proxy_ignore_headers X-Accel-Buffering, no gzip for text/event-stream',
  HAProxy: 'option http-no-delay, and no compression type text/event-stream',
  Caddy: 'reverse_proxy { flush_interval -1 }, and no encode for text/event-stream',
  Cloudflare: 'no response buffering, no compression rule for text/event-stream',
} as const

/** What clients send by themselves: a proxy that compresses does so only then. */
const ENCODINGS = { 'accept-encoding': 'gzip, deflate, br' }

/** Holding small pieces back for so long is a habit of TCP (Nagle's algorithm and delayed acknowledgements). */
const DELAY_MS = 150

const BREAKS = 'Progress, questions and messages of the server come late or never; calls that ask the user hang.'

export const streaming: Check = {
  id: 'streaming',
  title: 'Server-Sent Events',
  async run(patient) {
    const lasting = lastingOf(patient)
    if (lasting === undefined) return []
    let stream: OpenStream
    try {
      stream = await lasting.open(ENCODINGS, HELD_MS)
    } catch (thrown) {
      if (!(thrown instanceof NoAnswer) || !thrown.silent) throw thrown
      return [held(`Not even the head of ${lasting.name}`, lasting, patient)]
    }
    try {
      if (stream.status === 200) return await judge(patient, lasting, stream)
      const seen = `The server offers nothing that stays open (HTTP ${stream.status} for ${lasting.name}), so nothing can be measured without calling a tool.`
      // What else a refusal means is the matter of other checks.
      return stream.status === 405 ? [note(seen)] : []
    } finally {
      stream.close()
    }
  },
}

async function judge(patient: Patient, lasting: Lasting, stream: OpenStream): Promise<Finding[]> {
  const { between, profile } = patient
  const encoding = stream.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return [
      problem(`Something compresses event streams (Content-Encoding: ${encoding}).`, {
        breaks: `A compressor collects events until it has enough of them. ${BREAKS}`,
        remedies: between.remedies({
          nginx: 'remove text/event-stream from gzip_types',
          HAProxy: 'remove text/event-stream from compression type',
          Caddy: 'encode { match { not header Content-Type text/event-stream* } }',
        }),
      }),
    ]
  }
  if (!isSse(stream.headers['content-type'])) {
    return [
      problem(`A stream is answered with ${stream.headers['content-type'] ?? 'no content type'}.`, { breaks: BREAKS }),
    ]
  }
  const arrived = await stream.until(() => lasting.begun(stream), HELD_MS)
  const framing = framingOf(stream, patient)
  if (arrived) {
    const ms = stream.headMs + (stream.arrivals.at(-1)?.afterMs ?? 0)
    const what = eventsOf(stream.text).length > 0 ? 'The first event' : 'The first bytes'
    const seen = `${what} of ${lasting.name} came after ${duration(ms)}, ${framing.words}.`
    if (ms < profile.plainMs + DELAY_MS) return [good(seen), ...framing.findings]
    return [
      note(`${seen} A plain answer takes ${duration(profile.plainMs)}: something waits for more before it sends.`, {
        breaks: 'Every event of the server is late by that much.',
        remedies: between.remedies({ HAProxy: 'option http-no-delay' }),
      }),
      ...framing.findings,
    ]
  }
  const missing = stream.text === '' ? 'None of the bytes' : 'Not the first event'
  return [held(`${missing} of ${lasting.name}`, lasting, patient), ...framing.findings]
}

function held(what: string, { prompt }: Lasting, { between, profile }: Patient): Finding {
  const seen = `${what} had arrived after ${duration(HELD_MS)}.`
  if (!prompt) return note(`${seen} Servers may be silent; whether something holds events back can not be told.`)
  const why = `It is sent at once, and a plain answer takes ${duration(profile.plainMs)}: something between collects what is sent.`
  return problem(`${seen} ${why}`, { breaks: BREAKS, remedies: between.remedies(UNBUFFERED) })
}

/** How the stream is framed by HTTP. */
function framingOf({ headers, httpVersion }: OpenStream, { between }: Patient): { words: string; findings: Finding[] } {
  const coding = headers['transfer-encoding']
  if (coding !== undefined) return { words: `HTTP/${httpVersion} ${coding}`, findings: [] }
  const finding = note('A stream ends only with its connection (no Transfer-Encoding), as HTTP/1.0 has it.', {
    breaks: 'A stream that is cut looks like one that has ended; clients notice only by what is missing.',
    remedies: between.remedies({ nginx: 'chunked_transfer_encoding on;' }),
  })
  return { words: `HTTP/${httpVersion}`, findings: [finding] }
}
