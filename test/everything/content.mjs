import { setTimeout as sleep } from 'node:timers/promises'
import { ToolError } from 'fairlead'
import { AUDIO, imageBlock, textBlock } from './samples.mjs'

/** Apart far enough that a client sees three messages, not one burst. */
const PAUSE_MS = 50

/** Tools that answer with each kind of content, and that speak while they run. */
export function defineContent(server) {
  server.tool('test_simple_text', { description: 'Answers with one text block.' }, async () => {
    return 'This is a simple text response for testing.'
  })

  server.tool('test_image_content', { description: 'Answers with an image.' }, async () => imageBlock)

  server.tool('test_audio_content', { description: 'Answers with audio.' }, async () => {
    return { type: 'audio', data: AUDIO, mimeType: 'audio/wav' }
  })

  server.tool('test_embedded_resource', { description: 'Answers with an embedded resource.' }, async () => {
    const text = 'This is an embedded resource content.'
    return { type: 'resource', resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text } }
  })

  server.tool('test_multiple_content_types', { description: 'Answers with three kinds of content.' }, async () => [
    textBlock('Multiple content types test:'),
    imageBlock,
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      },
    },
  ])

  server.tool('test_error_handling', { description: 'Fails as a tool fails.' }, async () => {
    throw new ToolError('This tool intentionally returns an error for testing')
  })

  server.tool('test_tool_with_progress', { description: 'Reports progress three times.' }, async (_args, ctx) => {
    for (const done of [0, 50, 100]) {
      ctx.progress(done, 100, `Completed step ${done} of 100`)
      await sleep(PAUSE_MS)
    }
    return 'Progress was reported.'
  })

  server.tool('test_tool_with_logging', { description: 'Logs three messages.' }, async (_args, ctx) => {
    ctx.log.info('Tool execution started')
    await sleep(PAUSE_MS)
    ctx.log.info('Tool processing data')
    await sleep(PAUSE_MS)
    ctx.log.info('Tool execution completed')
    return 'Messages were logged.'
  })

  server.tool('test_reconnection', { description: 'Ends its connection; the client resumes.' }, async (_args, ctx) => {
    ctx.closeStream()
    await sleep(2 * PAUSE_MS)
    return 'Reconnection test completed successfully.'
  })

  const description = 'A tool with the keywords of JSON Schema 2020-12.'
  server.tool('json_schema_2020_12_tool', { description, inputSchema: SCHEMA_2020_12 }, async (args) => {
    return `Called with ${JSON.stringify(args)}`
  })
}

/** Word for word what the scenario of this name expects to find in tools/list. */
const SCHEMA_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}
