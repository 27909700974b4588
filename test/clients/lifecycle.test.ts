import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEverything } from '../everything/start.mjs'
import { install } from '../install.mjs'
import type { Answers, Connection, ElicitationParams } from './releases.ts'
import { eventually, received, willing } from './support.ts'

await install(new URL('./', import.meta.url))
const { RELEASES } = await import('./releases.ts')

/** A release that knows no elicitation declares none, and registers no handler for it. */
function answersFor(revision: string, answers: Answers): Answers {
  if (revision >= '2025-06-18') return answers
  const { 'elicitation/create': _, ...rest } = answers
  return rest
}

describe.each(['node', 'fetch'] as const)('the %s adapter', (adapter) => {
  let server: Awaited<ReturnType<typeof startEverything>>
  beforeAll(async () => {
    server = await startEverything(adapter)
  })
  afterAll(async () => {
    expect(await server.close()).toBe(0)
    expect(server.stderr()).not.toMatch(/unhandled|uncaught/i)
  })

  describe.each(RELEASES)('with client $name ($revision)', (release) => {
    const open: Connection[] = []
    const connect = async (answers: Answers = willing()) => {
      const connection = await release.connect(server.url, answersFor(release.revision, answers))
      open.push(connection)
      return connection
    }
    afterAll(async () => {
      for (const { client } of open) await client.close()
    })

    test('initializes with the newest revision that it speaks', async () => {
      const connection = await connect()
      expect(connection.client.getServerVersion()).toMatchObject({ name: 'fairlead-everything', version: '1.0.0' })
      expect(connection.client.getInstructions()).toContain('A server for tests')
      expect(Object.keys(connection.client.getServerCapabilities()!).sort()).toEqual(
        expect.arrayContaining(['logging', 'prompts', 'resources', 'tools']),
      )
      // The capability is younger than what it stands for.
      const completes = Object.hasOwn(connection.client.getServerCapabilities()!, 'completions')
      expect(completes).toBe(release.revision !== '2024-11-05')
      const facts = JSON.parse(await connection.text('test_session_facts'))
      expect(facts.revision).toBe(release.revision)
      expect(facts.client).toEqual({ name: `official-${release.name}`, version: release.name })
    })

    test('lists and calls tools', async () => {
      const { client, call, text } = await connect()
      const { tools } = await client.listTools()
      expect(tools.map((tool) => tool.name)).toContain('test_simple_text')
      expect(await text('test_simple_text')).toBe('This is a simple text response for testing.')
      const mixed = await call('test_multiple_content_types')
      expect(mixed.content.map((block) => block.type)).toEqual(['text', 'image', 'resource'])
      const [audio] = (await call('test_audio_content')).content
      if (release.revision === '2024-11-05') expect(audio).toMatchObject({ resource: { mimeType: 'audio/wav' } })
      else expect(audio).toMatchObject({ type: 'audio', mimeType: 'audio/wav' })
      expect(await call('test_error_handling')).toMatchObject({ isError: true })
      await expect(call('no_such_tool')).rejects.toMatchObject({ code: -32602 })
      await client.ping()
    })

    test('reads resources and templates', async () => {
      const { client } = await connect()
      const { resources } = await client.listResources()
      expect(resources.map((resource) => resource.uri)).toContain('test://static-text')
      const text = await client.readResource({ uri: 'test://static-text' })
      expect(text.contents[0]!.text).toBe('This is the content of the static text resource.')
      const binary = await client.readResource({ uri: 'test://static-binary' })
      expect(binary.contents[0]).toMatchObject({ mimeType: 'image/png', blob: expect.stringMatching(/^iVBOR/) })
      const { resourceTemplates } = await client.listResourceTemplates()
      expect(resourceTemplates.map((template) => template.uriTemplate)).toEqual(['test://template/{id}/data'])
      const filled = await client.readResource({ uri: 'test://template/124/data' })
      expect(JSON.parse(filled.contents[0]!.text!)).toMatchObject({ id: '124' })
      // Version 2 gives this error a code of its own.
      await expect(client.readResource({ uri: 'test://nothing' })).rejects.toThrow(/not found/i)
    })

    test('gets prompts, with completion', async () => {
      const { client } = await connect()
      const { prompts } = await client.listPrompts()
      expect(prompts.find((prompt) => prompt.name === 'test_prompt_with_arguments')!.arguments).toHaveLength(2)
      const ref = { type: 'ref/prompt', name: 'test_prompt_with_arguments' }
      const { completion } = await client.complete({ ref, argument: { name: 'arg1', value: 'testV' } })
      expect(completion.values).toEqual(['testValue1', 'testValue2'])
      const params = { name: 'test_prompt_with_arguments', arguments: { arg1: 'one', arg2: 'two' } }
      const { messages } = await client.getPrompt(params)
      expect(messages[0]!.content.text).toBe("Prompt with arguments: arg1='one', arg2='two'")
    })

    test('answers sampling', async () => {
      const { text } = await connect()
      expect(await text('test_sampling', { prompt: 'hello' })).toBe('LLM response: echo of hello')
    })

    test('answers several questions at once, each to its own call', async () => {
      const { text } = await connect()
      const prompts = Array.from({ length: 12 }, (_, index) => `question ${index}`)
      const replies = await Promise.all(prompts.map((prompt) => text('test_sampling', { prompt })))
      expect(replies).toEqual(prompts.map((prompt) => `LLM response: echo of ${prompt}`))
    })

    test('shows its roots', async () => {
      const { client, text } = await connect()
      expect(JSON.parse(await text('test_list_roots'))).toEqual([{ uri: 'file:///home/ada', name: 'Home' }])
      await client.sendRootsListChanged()
    })

    if (release.revision < '2025-06-18') {
      test('is told that it has no elicitation', async () => {
        const { call } = await connect()
        await expect(call('test_elicitation', { message: 'Who?' })).rejects.toMatchObject({
          code: -32021,
          message: expect.stringContaining('elicitation'),
        })
      })
    } else {
      test.each([
        [{ action: 'accept', content: { username: 'ada', email: 'a@b.c' } }, '{"username":"ada","email":"a@b.c"}'],
        [{ action: 'decline' }, '{}'],
        [{ action: 'cancel' }, '{}'],
      ])('answers a form: %o', async (answer, content) => {
        let asked: ElicitationParams | undefined
        const { text } = await connect({
          ...willing(),
          'elicitation/create': (params) => {
            asked = params
            return answer
          },
        })
        const outcome = await text('test_elicitation', { message: 'Who are you?' })
        expect(outcome).toBe(`User response: action=${answer.action}, content=${content}`)
        expect(asked!.message).toBe('Who are you?')
        expect(Object.keys(asked!.requestedSchema!.properties)).toEqual(['username', 'email'])
      })
    }

    if (release.revision === '2025-11-25') {
      test('answers a page to open', async () => {
        let asked: ElicitationParams | undefined
        const { text } = await connect({
          ...willing(),
          'elicitation/create': (params) => {
            asked = params
            return { action: 'accept' }
          },
        })
        const page = { url: 'https://example.com/pay', elicitationId: randomUUID() }
        expect(await text('test_elicitation_url', page)).toBe('User response: action=accept')
        expect(asked).toMatchObject({ mode: 'url', ...page })
      })
    }

    test('is told which capability is missing', async () => {
      const { call } = await connect({})
      await expect(call('test_sampling', { prompt: 'hello' })).rejects.toMatchObject({
        code: -32021,
        message: expect.stringContaining('sampling'),
      })
      await expect(call('test_list_roots')).rejects.toMatchObject({ message: expect.stringContaining('roots') })
    })

    test('sees progress', async () => {
      const { text } = await connect()
      const seen: number[] = []
      await text('test_steps', { steps: 4, ms: 5 }, { onprogress: ({ progress }) => seen.push(progress) })
      expect(seen).toEqual([1, 2, 3, 4])
    })

    test('cancels a call', async () => {
      const { text } = await connect()
      const key = randomUUID()
      const stop = new AbortController()
      const call = text('test_wait', { key, ms: 60_000 }, { signal: stop.signal })
      const rejected = expect(call).rejects.toThrow()
      while ((await text('test_wait_outcome', { key })) !== 'running') {}
      stop.abort('no longer needed')
      await rejected
      for (let tries = 0; tries < 100 && (await text('test_wait_outcome', { key })) === 'running'; tries++) {}
      expect(await text('test_wait_outcome', { key })).toBe('cancelled')
    })

    test('cancels a call that takes too long', async () => {
      const { text } = await connect()
      const key = randomUUID()
      await expect(text('test_wait', { key, ms: 60_000 }, { timeout: 150 })).rejects.toThrow()
      for (let tries = 0; tries < 100 && (await text('test_wait_outcome', { key })) === 'running'; tries++) {}
      expect(await text('test_wait_outcome', { key })).toBe('cancelled')
    })

    test('subscribes and unsubscribes', async () => {
      const connection = await connect()
      const { client, text } = connection
      const updates = () => received(connection, 'notifications/resources/updated').map(({ uri }) => uri)
      await client.subscribeResource({ uri: 'test://watched-resource' })
      await text('test_update_resource', { uri: 'test://watched-resource' })
      await eventually('an update', () => updates().length > 0)
      await client.unsubscribeResource({ uri: 'test://watched-resource' })
      await client.subscribeResource({ uri: 'test://static-text' })
      await text('test_update_resource', { uri: 'test://watched-resource' })
      await text('test_update_resource', { uri: 'test://static-text' })
      // The later update arrives on the same stream, so an update of the first would be here before it.
      await eventually('the second update', () => updates().includes('test://static-text'))
      expect(updates()).toEqual(['test://watched-resource', 'test://static-text'])
    })

    test('sets the level of log messages', async () => {
      const connection = await connect()
      const messages = () => received(connection, 'notifications/message').map(({ data }) => data)
      await connection.client.setLoggingLevel('error')
      await connection.text('test_tool_with_logging')
      expect(messages()).toEqual([])
      await connection.client.setLoggingLevel('debug')
      await connection.text('test_tool_with_logging')
      expect(messages()).toEqual(['Tool execution started', 'Tool processing data', 'Tool execution completed'])
    })

    test.each([
      ['tool', 'notifications/tools/list_changed'],
      ['prompt', 'notifications/prompts/list_changed'],
      ['resource', 'notifications/resources/list_changed'],
    ])('hears that the list of %ss changed', async (kind, method) => {
      const connection = await connect()
      // The session stream opens after connect() has returned; a change before that is in no list of this client.
      await connection.text('test_simple_text')
      await eventually('a change', () => received(connection, method).length > 0 || toggleSoon(connection, kind))
    })

    test('keeps values of a session apart from those of another', async () => {
      const [one, two] = [await connect(), await connect()]
      if (release.transport === 'streamable') expect(one.sessionId()).not.toBe(two.sessionId())
      expect([await one.text('test_session_counter'), await one.text('test_session_counter')]).toEqual(['1', '2'])
      expect(await two.text('test_session_counter')).toBe('1')
    })

    if (release.transport === 'streamable') {
      test('terminates its session, which is then gone', async () => {
        const { client, text, terminate, sessionId } = await connect()
        const id = sessionId()!
        await text('test_simple_text')
        await terminate()
        const headers = {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-session-id': id,
          ...(release.revision >= '2025-06-18' && { 'mcp-protocol-version': release.revision }),
        }
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
        expect((await fetch(server.url, { method: 'POST', headers, body })).status).toBe(404)
        expect((await fetch(server.url, { headers: { ...headers, accept: 'text/event-stream' } })).status).toBe(404)
        await client.close()
      })
    } else {
      test('closes its connection, and its session is gone: its call ends', async () => {
        const [one, two] = [await connect(), await connect()]
        const key = randomUUID()
        one.text('test_wait', { key, ms: 60_000 }).catch(() => {})
        while ((await two.text('test_wait_outcome', { key })) !== 'running') {}
        await one.client.close()
        for (let tries = 0; tries < 100 && (await two.text('test_wait_outcome', { key })) === 'running'; tries++) {}
        expect(await two.text('test_wait_outcome', { key })).toBe('cancelled')
      })
    }
  })
})

const toggled = new WeakMap<Connection, number>()

/** Triggers a change at most every 200 ms, until one is heard. */
function toggleSoon(connection: Connection, kind: string): false {
  const last = toggled.get(connection) ?? 0
  if (Date.now() - last > 200) {
    toggled.set(connection, Date.now())
    connection.text(`test_trigger_${kind}_change`).catch(() => {})
  }
  return false
}
