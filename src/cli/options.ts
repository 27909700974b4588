/**
 * The options that several commands share, and how their text is read.
 *
 * @module
 */
// Not through the index: that would load the whole client for `--help`.
import { type ClientRevisionName, clientRevision, spokenRevisions } from '../testing/client/revisions.ts'
import { usage } from './failure.ts'

/** The options of every command that talks to a server, already read. */
export interface ConnectionOptions {
  readonly header?: Readonly<Record<string, string>>
  readonly revision?: ClientRevisionName | 'auto'
  /** Milliseconds; 0 for ever. Absent: as the client has it. */
  readonly timeout?: number
  readonly answer?: readonly string[]
  readonly reply?: string
  /** Folders. */
  readonly root?: readonly string[]
}

/** Collects `--header 'Name: value'`. */
export function readHeader(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf(':')
  const name = text.slice(0, at).trim().toLowerCase()
  if (at <= 0 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
    throw usage(`--header takes 'Name: value', not "${text}".`)
  }
  const value = text.slice(at + 1).trim()
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) throw usage(`--header ${name}: a header value is one line.`)
  return { ...before, [name]: value }
}

/** Reads `--revision`. */
export function readRevision(text: string): ClientRevisionName | 'auto' {
  if (text === 'auto') return text
  const revision = clientRevision(text)
  if (!revision) throw usage(`--revision takes auto, or one of ${spokenRevisions()}.`)
  return revision.name
}

/** Reads `--timeout` in seconds; 0 waits for ever. */
export function readTimeout(text: string): number {
  const seconds = text.trim() === '' ? Number.NaN : Number(text)
  if (!(seconds >= 0 && seconds <= 86_400)) throw usage('--timeout takes seconds, from 0 (wait for ever) to 86400.')
  return seconds * 1000
}

/** Reads `--tries`. */
export function readTries(text: string): number {
  const tries = Number(text)
  if (!Number.isInteger(tries) || tries < 1 || tries > 100) throw usage('--tries takes a number from 1 to 100.')
  return tries
}

/** Collects an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

/** Reads `--port` or `PORT`. */
export function readPort(text: string): number {
  const port = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw usage(`A port is a number from 0 to 65535, not "${text}".`)
  return port
}

/** Reads the URL of an MCP endpoint; `localhost:8000/mcp` means http. */
export function readUrl(text: string): string {
  const candidate = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(candidate) ? new URL(candidate) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw usage(`"${text}" is not the URL of an MCP endpoint, such as http://127.0.0.1:8000/mcp.`)
  }
  if (url.username !== '' || url.password !== '') {
    throw usage("Credentials do not go into the URL: give --header 'Authorization: Basic …'.")
  }
  return url.href
}
