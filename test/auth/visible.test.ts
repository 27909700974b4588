/** What exists for some only: for the others it looks exactly like what does not exist. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createServer, type Identity, type Server } from '../../src/index.ts'
import { answerOf, open, type RawSession } from '../requirements/session.ts'
import { serving } from './serving.ts'

const admins = (auth: Identity | undefined): boolean => auth?.scopes?.includes('admin') ?? false

/** As many hidden things as visible ones, one after the other, so that hidden ones are on every page. */
const PAIRS = 450

function build({ hidden }: { hidden: boolean }): Server {
  const server = createServer({ name: 'hiding', version: '1.0.0' })
  const visible = admins
  for (let at = 0; at < PAIRS; at++) {
    server.tool(`open-${at}`, { description: 'open' }, () => 'open')
    if (hidden) server.tool(`hidden-${at}`, { description: 'hidden', visible, scopes: ['admin'] }, () => 'hidden')
  }
  server.resource('open', 'test://open', {}, () => 'open')
  server.prompt('open', { arguments: [{ name: 'x' }], complete: { x: () => ['1'] } }, () => 'open')
  server.resourceTemplate('open', 'open://{id}', { complete: { id: () => ['1'] } }, () => 'open')
  if (hidden) {
    server.resource('hidden', 'test://hidden', { visible, scopes: ['admin'] }, () => 'hidden')
    server.prompt('hidden', { visible, arguments: [{ name: 'x' }], complete: { x: () => ['secret'] } }, () => 'hidden')
    server.resourceTemplate(
      'hidden',
      'hidden://{id}',
      { visible, complete: { id: () => ['secret'] }, list: () => [{ uri: 'hidden://listed', name: 'listed' }] },
      () => 'hidden',
    )
  }
  return server
}

const auth = (request: { header(name: string): string | undefined }): Identity => ({
  issuer: 'test',
  subject: request.header('x-user') ?? 'nobody',
  scopes: request.header('x-user') === 'root' ? ['admin'] : [],
})

let hiding: string
let plain: string
beforeAll(async () => {
  hiding = (await serving(auth, build({ hidden: true }))).url
  plain = (await serving(auth, build({ hidden: false }))).url
})
const as = (user: string, at = hiding): Promise<RawSession> => open(at, { headers: { 'x-user': user } })

/** Everything that an answer shows, status and headers included; ids that are made anew each time aside. */
async function seen(session: RawSession, method: string, params?: object): Promise<object> {
  const reply = await session.post({ jsonrpc: '2.0', id: 1, method, params })
  const { date: _, 'mcp-session-id': __, ...headers } = reply.headers
  const { result, ...rest } = await answerOf(reply)
  const { nextCursor, ...shown } = (result ?? {}) as { nextCursor?: string }
  return { status: reply.status, headers, rest, shown, cursorLength: nextCursor?.length }
}

async function pages(session: RawSession, method: string, member: string): Promise<{ name: string }[][]> {
  const found: { name: string }[][] = []
  let cursor: string | undefined
  do {
    const { result } = await session.request(method, cursor === undefined ? {} : { cursor })
    found.push((result as Record<string, { name: string }[]>)[member]!)
    cursor = result!['nextCursor'] as string | undefined
  } while (cursor !== undefined)
  return found
}

const REQUESTS: [string, object | undefined][] = [
  ['tools/list', undefined],
  ['resources/list', undefined],
  ['resources/templates/list', undefined],
  ['prompts/list', undefined],
  ['tools/call', { name: 'hidden-0' }],
  ['tools/call', { name: 'hidden-0', arguments: { x: 1 } }],
  ['tools/call', { name: 'hidden-0', arguments: 'wrong' }],
  ['resources/read', { uri: 'test://hidden' }],
  ['resources/read', { uri: 'hidden://1' }],
  ['resources/subscribe', { uri: 'test://hidden' }],
  ['resources/subscribe', { uri: 'hidden://1' }],
  ['resources/unsubscribe', { uri: 'test://hidden' }],
  ['prompts/get', { name: 'hidden' }],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'hidden' }, argument: { name: 'x', value: '' } }],
  ['completion/complete', { ref: { type: 'ref/resource', uri: 'hidden://{id}' }, argument: { name: 'id', value: '' } }],
]

test.each(REQUESTS)('%s %j looks as it does on a server that has nothing to hide', async (method, params) => {
  const there = await seen(await as('ada'), method, params)
  expect(there).toEqual(await seen(await as('ada', plain), method, params))
  expect(JSON.stringify(there)).not.toContain('secret')
})

test('every page is full, and has no hole where something is hidden', async () => {
  const sizes = (found: unknown[][]): number[] => found.map((page) => page.length)
  const open = await pages(await as('ada'), 'tools/list', 'tools')
  expect(sizes(open)).toEqual(sizes(await pages(await as('ada', plain), 'tools/list', 'tools')))
  expect(open.flat().map(({ name }) => name)).toEqual(Array.from({ length: PAIRS }, (_, at) => `open-${at}`))
  const all = await pages(await as('root'), 'tools/list', 'tools')
  expect(sizes(all)).toEqual([200, 200, 200, 200, 100])
})

test('those who may see it use it like anything else', async () => {
  const root = await as('root')
  expect(await root.text('hidden-7')).toBe('hidden')
  expect(await root.request('resources/read', { uri: 'test://hidden' })).toMatchObject({
    result: { contents: [{ text: 'hidden' }] },
  })
  expect(await root.request('prompts/get', { name: 'hidden' })).toHaveProperty('result')
  expect(JSON.stringify(await root.request('resources/list'))).toContain('hidden://listed')
  const complete = { ref: { type: 'ref/prompt', name: 'hidden' }, argument: { name: 'x', value: '' } }
  expect(JSON.stringify(await root.request('completion/complete', complete))).toContain('secret')
})

test('one page is never served to another: neither lists nor cursors are shared', async () => {
  const [root, ada] = [await as('root'), await as('ada')]
  const first = await root.request('tools/list')
  expect(JSON.stringify(await ada.request('tools/list'))).not.toContain('hidden')
  expect((await root.request('tools/list')).result!['tools']).toEqual(first.result!['tools'])
  const cursor = first.result!['nextCursor']
  expect(await ada.request('tools/list', { cursor })).toMatchObject({ error: { code: -32602 } })
})

describe('what becomes visible or hidden later', () => {
  test('by an update, by switching it off, and for the token of the very request', async () => {
    const server = createServer({ name: 'later', version: '1.0.0' })
    const tool = server.tool('tool', {}, () => 'ran')
    const { url } = await serving(auth, server)
    const ada = await as('ada', url)
    const names = async (session: RawSession) =>
      ((await session.request('tools/list')).result!['tools'] as { name: string }[]).map(({ name }) => name)
    expect(await names(ada)).toEqual(['tool'])
    tool.update({ visible: admins })
    expect(await names(ada)).toEqual([])
    expect(await names(await as('root', url))).toEqual(['tool'])
    tool.disable()
    expect(await names(await as('root', url))).toEqual([])
    tool.enable()
    expect(await names(await as('root', url))).toEqual(['tool'])
    expect(await names(ada)).toEqual([])
    tool.update({ visible: undefined as never })
    expect(await names(ada)).toEqual(['tool'])
  })

  test('a rule that throws hides, and is reported', async () => {
    const server = createServer({ name: 'throwing', version: '1.0.0' })
    server.tool(
      'tool',
      {
        scopes: ['x'],
        visible: () => {
          throw new Error('rule')
        },
      },
      () => 'ran',
    )
    const served = await serving(auth, server)
    const ada = await as('ada', served.url)
    expect(await ada.call('tool')).toMatchObject({ error: { code: -32603, message: 'Internal error' } })
    expect(await ada.request('tools/list')).toMatchObject({ error: { code: -32603 } })
    expect(served.log.map(({ error }) => error)).toEqual(['rule', 'rule'])
  })

  test('a rule that answers something else than true hides', async () => {
    const server = createServer({ name: 'odd', version: '1.0.0' })
    server.tool('tool', { visible: (async () => true) as never }, () => 'ran')
    const ada = await as('ada', (await serving(auth, server)).url)
    expect(await ada.call('tool')).toMatchObject({ error: { code: -32602 } })
  })
})
