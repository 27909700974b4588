import { z } from 'zod'

/** Tools that ask the client: for a completion of its model, for its user, for its roots. */
export function defineAsks(server) {
  const prompt = z.object({ prompt: z.string().describe('What the model is asked') })
  server.tool('test_sampling', { description: "Asks the client's model.", inputSchema: prompt }, async (args, ctx) => {
    const messages = [{ role: 'user', content: { type: 'text', text: args.prompt } }]
    const result = await ctx.sample({ messages, maxTokens: 100 })
    return `LLM response: ${textOf(result.content)}`
  })

  const message = z.object({ message: z.string().describe('What the user is asked') })
  server.tool('test_elicitation', { description: 'Asks the user.', inputSchema: message }, async (args, ctx) => {
    const requestedSchema = {
      type: 'object',
      properties: {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      },
      required: ['username', 'email'],
    }
    const answer = await ctx.elicit({ message: args.message, requestedSchema })
    return `User response: ${described(answer)}`
  })

  server.tool('test_elicitation_sep1034_defaults', { description: 'Asks with defaults.' }, async (_args, ctx) => {
    const answer = await ctx.elicit({ message: 'Please review these values.', requestedSchema: DEFAULTS })
    return `Elicitation completed: ${described(answer)}`
  })

  server.tool(
    'test_elicitation_sep1330_enums',
    { description: 'Asks with each kind of choice.' },
    async (_args, ctx) => {
      const answer = await ctx.elicit({ message: 'Please choose.', requestedSchema: CHOICES })
      return `Elicitation completed: ${described(answer)}`
    },
  )

  const link = z.object({ url: z.string(), elicitationId: z.string() })
  server.tool(
    'test_elicitation_url',
    { description: 'Asks the user to open a page.', inputSchema: link },
    async (args, ctx) => {
      const answer = await ctx.elicit({ mode: 'url', message: 'Please open this page.', ...args })
      return `User response: action=${answer.action}`
    },
  )

  server.tool('test_list_roots', { description: "Asks for the client's roots." }, async (_args, ctx) => {
    const roots = await ctx.listRoots()
    return JSON.stringify(roots.map(({ uri, name }) => ({ uri, name })))
  })
}

/** The text of a sampling result: one block, or in 2025-11-25 possibly a list of them. */
function textOf(content) {
  return [content]
    .flat()
    .filter((block) => block.type === 'text')
    .map((block) => block.text)
    .join('')
}

function described(answer) {
  const content = answer.action === 'accept' ? answer.content : {}
  return `action=${answer.action}, content=${JSON.stringify(content)}`
}

const DEFAULTS = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'Name', default: 'John Doe' },
    age: { type: 'integer', description: 'Age', default: 30 },
    score: { type: 'number', description: 'Score', default: 95.5 },
    status: { type: 'string', description: 'Status', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', description: 'Verified', default: true },
  },
  required: [],
}

const TITLED = [
  { const: 'value1', title: 'First Option' },
  { const: 'value2', title: 'Second Option' },
  { const: 'value3', title: 'Third Option' },
]

const CHOICES = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: TITLED },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: TITLED } },
  },
  required: [],
}
