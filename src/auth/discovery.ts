/**
 * The metadata of an authorization server, from its issuer.
 *
 * @see RFC 8414; OpenID Connect Discovery 1.0; the specification, basic/authorization, "Authorization Server Metadata
 *   Discovery"
 * @module
 */
import type { Platform } from '../engine/platform.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import { checkEndpoint, type FetchOptions, fetchJson, ProviderError } from './fetch-json.ts'

/** Where the metadata of an issuer may be, in the order of the specification. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const inserted = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
  ]
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`]
}

/** @throws {TypeError} for an issuer that is none. */
export function checkIssuer(issuer: unknown, name: string): string {
  const url = typeof issuer === 'string' && URL.canParse(issuer) ? new URL(issuer) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '') {
    throw new TypeError(
      `${name} needs issuer: the URL of the authorization server, as it stands in its tokens; got ${JSON.stringify(issuer)}.`,
    )
  }
  try {
    return checkEndpoint(issuer as string, `${name}: issuer`)
  } catch (thrown) {
    throw new TypeError((thrown as Error).message)
  }
}

/**
 * Looks for the metadata of an issuer that has this member, a URL.
 *
 * @returns that URL.
 * @throws {ProviderError}
 */
export async function discover(
  platform: Pick<Platform, 'setTimer'>,
  issuer: string,
  member: 'jwks_uri' | 'introspection_endpoint',
  options: FetchOptions,
): Promise<string> {
  const seen: string[] = []
  let trouble: ProviderError | undefined
  for (const url of metadataUrls(issuer)) {
    let found: { readonly status: number; readonly body: JsonObject | undefined }
    try {
      found = await fetchJson(platform, url, options)
    } catch (thrown) {
      // Some servers answer what they do not know with 500; one that does not answer at all is not asked again.
      trouble = thrown as ProviderError
      if (!/HTTP status/.test(trouble.message)) throw trouble
      continue
    }
    const { status, body } = found
    if (status !== 200 || body === undefined) seen.push(`${url} answered ${status}`)
    // "MUST be identical": who serves metadata of another issuer could pass off its own keys.
    else if (body['issuer'] !== issuer) seen.push(`${url} is of the issuer ${JSON.stringify(body['issuer'])}`)
    else if (typeof body[member] !== 'string') seen.push(`${url} has no ${member}`)
    else return checkEndpoint(body[member], `${member} of ${issuer}`)
  }
  throw trouble ?? new ProviderError(`No metadata of the issuer ${JSON.stringify(issuer)}: ${seen.join('; ')}.`, false)
}
