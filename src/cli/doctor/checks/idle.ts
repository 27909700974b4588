/**
 * Does a stream that carries nothing live for 75 s: longer than the time-outs of most proxies, and with the comments that
 * a server sends meanwhile. Runs beside the other checks; who has cut the stream shows in how it ended and when.
 *
 * @module
 */
import { duration, plural } from '../../terminal/text.ts'
import type { Settings } from '../between.ts'
import { lastingOfItsOwn } from '../lasting.ts'
import { good, note, type Patient, problem } from '../patient.ts'
import type { Finding } from '../report.ts'
import { NoAnswer, type OpenStream, type StreamEnd } from '../wire.ts'

export const IDLE_MS = 75_000

/** How long this much of it may take longer: the clock of a proxy is not ours. */
const SLACK_MS = 1_500

export const IDLE = { id: 'idle', title: 'Idle streams' } as const

/** What is known of time-outs, by their length in seconds. */
const USUAL: readonly (readonly [number, string])[] = [
  [15, "Envoy's default for a whole request (timeout: 15s)"],
  [29, 'AWS API Gateway, which has no longer one'],
  [30, 'the default of Google Cloud load balancers and of many HAProxy files'],
  [50, 'timeout server 50s of HAProxy, as its examples have it'],
  [55, 'Heroku'],
  [60, 'proxy_read_timeout of nginx and the idle time-out of AWS load balancers, by default'],
]

const LONGER: Settings = {
  nginx: 'proxy_read_timeout 1h; proxy_send_timeout 1h;',
  HAProxy: 'timeout client 1h and timeout server 1h',
  Caddy: 'reverse_proxy { transport http { read_timeout 0 } }',
  'AWS ALB': 'idle_timeout.timeout_seconds = 4000',
  Envoy: 'route: { timeout: 0s }, and stream_idle_timeout: 3600s',
}

export interface IdleWatch {
  /** How far it has come, for a terminal. */
  readonly progress: () => string
  /** What became of it. */
  readonly finding: Promise<Finding | undefined>
}

/** Opens the stream and lets it be. */
export function watchIdle(patient: Patient): IdleWatch {
  let stream: OpenStream | undefined
  return {
    progress: () => (stream === undefined ? '' : shown(stream)),
    finding: watch(patient, (opened) => {
      stream = opened
    }).catch((thrown: unknown) => {
      if (thrown instanceof NoAnswer) return undefined
      throw thrown
    }),
  }
}

async function watch(patient: Patient, opened: (stream: OpenStream) => void): Promise<Finding | undefined> {
  const { between, profile } = patient
  const lasting = await lastingOfItsOwn(patient)
  const stream = await lasting?.open()
  if (stream === undefined) return undefined
  if (stream.status !== 200) {
    stream.close()
    return undefined
  }
  opened(stream)
  await stream.until(() => stream.end !== undefined, IDLE_MS)
  const { end } = stream
  stream.close()
  const beats = pieces(stream)
  if (end === undefined) {
    if (beats === 0 && profile.ours) {
      return problem(
        `A stream lived for ${IDLE_MS / 1000} s, and none of the comments that keep it alive came through.`,
        {
          breaks: 'Something collects events: they come late or never.',
          remedies: between.remedies({ nginx: 'proxy_buffering off;', Caddy: 'reverse_proxy { flush_interval -1 }' }),
        },
      )
    }
    return good(`A stream without messages lived for ${IDLE_MS / 1000} s; ${plural(beats, 'comment')} came on it.`)
  }
  return cut(end, stream, between)
}

/** What came after the beginning. */
function pieces(stream: OpenStream): number {
  return stream.arrivals.filter(({ afterMs }) => afterMs > BEGINNING_MS).length
}

const BEGINNING_MS = 5_000

function shown(stream: OpenStream): string {
  const seconds = Math.floor((stream.end?.afterMs ?? performance.now() - stream.openedAt) / 1000)
  return `idle stream: ${seconds} s of ${IDLE_MS / 1000} s, ${plural(pieces(stream), 'comment')}`
}

function cut({ how, afterMs, idleMs }: StreamEnd, stream: OpenStream, between: Patient['between']): Finding {
  const after = duration(afterMs)
  const tail = stream.arrivals.at(-1)
  // A server of this package says when to come back before it lets go.
  const letGo = how === 'clean' && tail !== undefined && tail.afterMs > BEGINNING_MS && /^retry: \d+$/m.test(tail.text)
  if (letGo) {
    return note(
      `The server itself ended a stream after ${after}, and said when to come back: it shuts down, or restarts.`,
    )
  }
  // From the last byte where one came meanwhile; a total limit does not care about those.
  const counts = [
    { seconds: idleMs / 1000, words: `${duration(idleMs)} after the last byte` },
    { seconds: afterMs / 1000, words: `${after} after it began` },
  ]
  const usual = counts.flatMap(({ seconds }) => USUAL.filter(([s]) => Math.abs(s - seconds) < SLACK_MS / 1000))
  const looks = usual[0] === undefined ? '' : ` That looks like ${usual[0][1]}.`
  const way = how === 'broken' ? 'broke its connection' : 'ended it without a word of the server'
  // The same, where nothing came after the beginning.
  const told = counts.slice(afterMs - idleMs < BEGINNING_MS ? 1 : 0).map(({ words }) => words)
  const seen = `A stream without messages was cut ${told.join(', ')}: something between ${way}.${looks}`
  return problem(seen, {
    breaks: 'Clients have to come back all the time; older ones give up after two times and hear nothing more.',
    remedies: between.remedies(LONGER),
  })
}
