/**
 * URI templates and URIs of strangers.
 *
 * CVE-2026-0621 (GHSA-8r9q-7v3j-jr4g): a regular expression made from a template took for ever on exploded variables.
 * CVE-2026-32871 (GHSA-vv7q-7jx5-f767): path parameters that left their place. TRAPS B6 65.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { UriTemplate } from '../../src/server/uri-template.ts'
import { open, type RawSession } from '../requirements/session.ts'
import { createServer, served } from './support/serving.ts'

const TEMPLATES = [
  'a://{id}',
  'a://{id*}',
  'a://{+path*}',
  'a://x{/id*}',
  'a://x{/a,b,c}',
  'a://x{?tags*}',
  'a://x{?a,b}{&c*}',
  'a://x{;id*}',
  'a://x{.id*}',
  'a://x{#id*}',
  'a://{a}{b}{c}{d}',
  'a://{a*}{b*}{c*}',
  'a://{a}-{b}-{c}-{d}-{e}',
  'a://{+a}/{+b}/{+c}',
  `a://${'{a}'.replace('a', 'v')}${Array.from({ length: 300 }, (_, n) => `{v${n}}`).join('')}`,
]

const SIZE = 50_000
const URIS = [
  ',',
  '/',
  '/a',
  '&',
  '&tags=a',
  ';id=a',
  '.',
  '-',
  'a-',
  '%',
  '%41',
  '%C3',
  '%2F',
  '?',
  '#',
  '//',
  'a,',
  '=',
  ';=',
  '\u00e9',
].map((piece) => piece.repeat(SIZE / piece.length))

describe('case 65: CVE-2026-0621', () => {
  test.each(TEMPLATES)('%.60s matches 50,000 characters of anything in no time', (text) => {
    const template = new UriTemplate(text)
    for (const rest of URIS) {
      for (const uri of [`a://${rest}`, `a://x${rest}`, `a://x?${rest}`, `a://x${rest}!`]) {
        const started = performance.now()
        template.match(uri)
        const took = performance.now() - started
        // A second look where the machine was busy: what is slow by itself is slow again.
        if (took > 5) {
          const again = performance.now()
          template.match(uri)
          expect([uri.slice(0, 20), performance.now() - again < 20]).toEqual([uri.slice(0, 20), true])
        }
      }
    }
  })

  test('a template is parsed in linear time, and bounded', () => {
    for (const text of [
      '{'.repeat(2_000),
      '{a'.repeat(900),
      '{a,'.repeat(600),
      `{${'a,'.repeat(1_000)}`,
      '}'.repeat(2_000),
    ]) {
      // The least of three: a busy machine takes its time too, and what the text itself does repeats.
      let least = Number.POSITIVE_INFINITY
      for (let times = 0; times < 3; times++) {
        const started = performance.now()
        try {
          new UriTemplate(`a://${text}`)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(TypeError)
        }
        least = Math.min(least, performance.now() - started)
      }
      expect(least).toBeLessThan(50)
    }
    expect(() => new UriTemplate('a'.repeat(3_000))).toThrow(TypeError)
  })
})

describe('over the wire', () => {
  const server = createServer({ name: 'templates', version: '1.0.0' })
  const seen: { uri: string; values: object }[] = []
  for (const [n, text] of TEMPLATES.entries()) {
    server.resourceTemplate(
      `t${n}`,
      text.replace('a://', `t${n}://`),
      { complete: { id: () => [] } },
      (uri, values) => {
        seen.push({ uri: uri.href, values: { ...values } })
        return 'read'
      },
    )
  }
  server.resourceTemplate('file', 'files://root/{name}', {}, (uri, values) => {
    seen.push({ uri: uri.href, values: { ...values } })
    return 'read'
  })

  let session: RawSession
  beforeAll(async () => {
    session = await open((await served(server)).url)
  })

  test('a long URI is refused before anything is matched', async () => {
    for (const [n] of TEMPLATES.entries()) {
      for (const method of ['resources/read', 'resources/subscribe']) {
        const { error } = await session.request(method, { uri: `t${n}://x${'/a'.repeat(25_000)}` })
        expect(error?.code).toBe(-32602)
      }
    }
    const ref = { type: 'ref/resource', uri: `t0://${'{id*}'.repeat(10_000)}` }
    expect(
      (await session.request('completion/complete', { ref, argument: { name: 'id', value: ','.repeat(50_000) } })).error
        ?.code,
    ).toBe(-32602)
  })

  test('the limit counts bytes', async () => {
    const uri = `t0://${'\u20ac'.repeat(1_000)}`
    expect(uri.length).toBeLessThan(2_048)
    expect((await session.request('resources/read', { uri })).error?.code).toBe(-32602)
  })

  test.each([
    'no uri',
    '',
    'x',
    '//x',
    'http://',
    'http://[::1',
    'http://a b',
    'files:\\\\root',
    'javascript:alert(1)',
    'files://root/%',
    'files://root/%zz',
    'files://root/%C3%28',
    'files://root/%00%ff',
    'unknown://x',
  ])('%j: an error of the protocol, and the server goes on', async (uri) => {
    const { error } = await session.request('resources/read', { uri })
    expect([-32602, -32002]).toContain(error?.code)
  })

  test('CVE-2026-32871: a value that holds a separator as it is does not match a simple variable', async () => {
    for (const uri of [
      'files://root/../etc/passwd',
      'files://root/a/b',
      'files://root/a?b',
      'files://root/a#b',
      'files://other/a',
    ]) {
      seen.length = 0
      expect([uri, (await session.request('resources/read', { uri })).error?.code]).toEqual([uri, -32002])
      expect(seen).toEqual([])
    }
  })

  test('values named like members of every object are only values', async () => {
    const odd = new UriTemplate('a://{__proto__}/{constructor}')
    const values = odd.match('a://x/y')
    expect(Object.keys(values!)).toEqual(['__proto__', 'constructor'])
    expect(({} as { x?: string }).x).toBeUndefined()
    expect(new UriTemplate('a://x{?q}').match('a://x?__proto__=1&q=2')).toEqual(
      Object.assign(Object.create(null), { q: '2' }),
    )
  })
})
