import { z } from 'zod'
import { imageBlock, textBlock } from './samples.mjs'

const user = (content) => ({ role: 'user', content })

/** The prompts of the suite. */
export function definePrompts(server) {
  server.prompt('test_simple_prompt', { description: 'A prompt without arguments.' }, async () => {
    return 'This is a simple prompt for testing.'
  })

  const withArguments = {
    description: 'A prompt with two arguments.',
    argsSchema: z.object({ arg1: z.string().describe('First argument'), arg2: z.string().describe('Second argument') }),
    complete: { arg1: (value) => ['testValue1', 'testValue2', 'other'].filter((known) => known.startsWith(value)) },
  }
  server.prompt('test_prompt_with_arguments', withArguments, async ({ arg1, arg2 }) => {
    return `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`
  })

  const withResource = {
    description: 'A prompt that embeds a resource.',
    argsSchema: z.object({ resourceUri: z.string().describe('URI of the resource to embed') }),
  }
  server.prompt('test_prompt_with_embedded_resource', withResource, async ({ resourceUri }) => {
    const text = 'Embedded resource content for testing.'
    return {
      messages: [
        user({ type: 'resource', resource: { uri: resourceUri, mimeType: 'text/plain', text } }),
        user(textBlock('Please process the embedded resource above.')),
      ],
    }
  })

  server.prompt('test_prompt_with_image', { description: 'A prompt with an image.' }, async () => {
    return { messages: [user(imageBlock), user(textBlock('Please analyze the image above.'))] }
  })
}
