/**
 * Does the URL answer, and with MCP: the server, its eras and revisions, its sessions. Everything else builds on it.
 *
 * @module
 */
import { CLIENT_REVISIONS, LATEST_LEGACY, LATEST_MODERN } from '../../../testing/client/revisions.ts'
import { SESSION_ID } from '../../../wire/headers.ts'
import { isObject, type JsonObject } from '../../../wire/jsonrpc.ts'
import { duration, oneLine } from '../../terminal/text.ts'
import type { Between } from '../between.ts'
import { good, type Profile, problem } from '../patient.ts'
import type { Finding, Remedy } from '../report.ts'
import { type Answered, errorOf, type Session, type Talk } from '../talk.ts'
import { NoAnswer } from '../wire.ts'
import { lost } from './headers.ts'

export interface Reached {
  readonly findings: readonly Finding[]
  /** Absent where nothing more can be checked. */
  readonly profile?: Profile
}

/** What sealed session ids of this package begin with. */
const OURS = /^f1\.[A-Za-z0-9_-]+\./

export async function reach(talk: Talk, between: Between): Promise<Reached> {
  let first: Answered
  let discovered: Answered
  try {
    discovered = await talk.discover(LATEST_MODERN.name)
    first = await talk.initialize(LATEST_LEGACY.name)
  } catch (thrown) {
    if (!(thrown instanceof NoAnswer)) throw thrown
    return { findings: [unreachable(talk.wire.url, thrown)] }
  }
  between.notice(first.reply.headers)
  const legacy = resultOf(first)
  const modern = modernRevisions(discovered)
  if (legacy?.['protocolVersion'] === undefined && modern.length === 0) {
    return { findings: [refused(first, between)] }
  }
  const info = legacy?.['serverInfo'] ?? infoOfDiscovery(discovered)
  const server = isObject(info) ? { name: String(info['name']), version: String(info['version']) } : NAMELESS
  const newest = legacy === undefined ? undefined : String(legacy['protocolVersion'])
  const id = first.reply.headers[SESSION_ID]
  const session: Session | undefined =
    typeof id === 'string' && newest !== undefined ? { id, revision: newest } : undefined
  const older = newest === undefined ? [] : await olderRevisions(talk)
  const lostOnTheWay = session === undefined ? undefined : await lostSession(talk, session, between)
  const profile: Profile = {
    server,
    legacy: newest,
    modern,
    session: lostOnTheWay === undefined ? session : undefined,
    ours: session !== undefined && OURS.test(session.id),
    plainMs: Math.min(first.reply.headMs, discovered.reply.headMs),
  }
  const revisions = [...new Set([...modern, ...(newest === undefined ? [] : [newest]), ...older])]
  const who = oneLine(`${server.name} ${server.version}`)
  const through = between.names.length > 0 ? ` behind ${between.names.join(' and ')}` : ''
  const findings = [good(`${who}${through}, in ${duration(profile.plainMs)}. It speaks ${revisions.join(', ')}.`)]
  if (lostOnTheWay !== undefined) findings.push(lostOnTheWay)
  if (newest !== undefined && session === undefined) findings.push(await withoutSession(talk, newest))
  return { findings, profile }
}

const NAMELESS = { name: 'a server without a name', version: '' }

function resultOf({ message }: Answered): JsonObject | undefined {
  return isObject(message?.['result']) ? message['result'] : undefined
}

function modernRevisions(discovered: Answered): string[] {
  const list = resultOf(discovered)?.['supportedVersions']
  const names = Array.isArray(list) ? list.map(String) : []
  const known = new Set(CLIENT_REVISIONS.filter(({ era }) => era === 'modern').map(({ name }) => String(name)))
  return names.filter((name) => known.has(name))
}

function infoOfDiscovery(discovered: Answered): unknown {
  const meta = resultOf(discovered)?.['_meta']
  return isObject(meta) ? meta['io.modelcontextprotocol/serverInfo'] : undefined
}

/** The revisions with a handshake that it agrees to besides the newest. */
async function olderRevisions(talk: Talk): Promise<string[]> {
  const names = CLIENT_REVISIONS.filter((revision) => revision.era === 'legacy' && revision !== LATEST_LEGACY)
  const answers = await Promise.all(names.map(({ name }) => talk.initialize(name).catch(() => undefined)))
  return names.flatMap(({ name }, at) => {
    const answer = answers[at]
    return answer !== undefined && resultOf(answer)?.['protocolVersion'] === name ? [name] : []
  })
}

/** A session whose id does not arrive with the requests that follow. */
async function lostSession(talk: Talk, session: Session, between: Between): Promise<Finding | undefined> {
  const answer = await talk.anywhere(async () => {
    const answered = await talk.ping(session)
    return { status: answered.reply.status, why: errorOf(answered) }
  })
  const missed = answer.status === 400 && /session/i.test(answer.why)
  return missed ? lost(between, 'Mcp-Session-Id', 'No client gets beyond initialize.') : undefined
}

/** A server without sessions, or one whose session id does not arrive. */
async function withoutSession(talk: Talk, revision: string): Promise<Finding> {
  const { reply, message } = await talk.ping(undefined, { headers: { 'mcp-protocol-version': revision } })
  if (reply.status === 200) {
    return good('The server is stateless: it gives out no session ids, so replicas need nothing in common.')
  }
  return problem(
    `The answer to initialize has no Mcp-Session-Id, and the next request is refused for the lack of one (HTTP ${reply.status}${
      message === undefined ? '' : `: ${errorOf({ message })}`
    }).`,
    {
      breaks: 'No client gets beyond initialize.',
      remedies: [
        { where: 'nginx', change: 'remove proxy_hide_header Mcp-Session-Id;' },
        { where: 'HAProxy', change: 'remove http-response del-header mcp-session-id' },
        { where: 'any other', change: 'let the response header Mcp-Session-Id pass' },
      ],
    },
  )
}

function unreachable(url: URL, { message, silent }: NoAnswer): Finding {
  return problem(`No answer from ${url.href}: ${message}.`, {
    breaks: 'Everything.',
    remedies: [
      silent
        ? {
            where: 'network',
            change: 'something takes the connection and says nothing: look at the upstream of the proxy',
          }
        : { where: 'network', change: 'is the server running there, and does the name lead to it?' },
    ],
  })
}

/** What a refusal of the very first request means. */
function refused(answer: Answered, between: Between): Finding {
  const { status, headers } = answer.reply
  const why = errorOf(answer).replace(/\.$/, '')
  const said = `initialize is answered with HTTP ${status}${why === '' ? '' : `: ${why}`}`
  const breaks = 'Everything: no client gets beyond its first request.'
  if (status === 401) {
    return problem(`${said}. The server wants to know who asks.`, {
      remedies: [{ where: 'this command', change: "--header 'Authorization: Bearer …'" }],
    })
  }
  if (status === 403 && /Host/.test(why)) {
    const pass = between.remedies({ nginx: 'proxy_set_header Host $host;' })
    const allow: Remedy = { where: 'the server', change: "security: { allowedHosts: ['<the name in this URL>'] }" }
    return problem(`${said}. What arrives as Host is not a name of the server.`, { breaks, remedies: [...pass, allow] })
  }
  if (status === 406) {
    return problem(`${said}. The Accept header does not arrive as it was sent.`, {
      breaks,
      remedies: [{ where: 'the proxy', change: 'let the request header Accept pass unchanged' }],
    })
  }
  if (status === 502 || status === 503 || status === 504) {
    return problem(`${said}. The proxy reaches no server.`, {
      breaks,
      remedies: [
        { where: 'the proxy', change: 'look at the addresses of its upstream, and at /readyz of each replica' },
      ],
    })
  }
  if (status === 404 || status === 405) {
    return problem(`${said}. There is no MCP endpoint at this path.`, {
      breaks,
      remedies: [{ where: 'this command', change: 'most servers have it at /mcp' }],
    })
  }
  const type = headers['content-type'] ?? 'no content type'
  return problem(`${said} (${type}), which is no answer of an MCP server.`, { breaks })
}
