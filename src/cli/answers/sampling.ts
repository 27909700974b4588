/**
 * Answers `sampling/createMessage`: the user plays the model, or a fixed reply does.
 *
 * @see the specification, client/sampling
 * @module
 */
import type { SamplingAnswer, SamplingParams } from '../../testing/client/index.ts'
import { isObject } from '../../wire/jsonrpc.ts'
import { oneLine } from '../terminal/text.ts'
import type { Prompt } from './prompt.ts'

/** What a model would have said, where there is none. */
const CANNED = 'This is a fixed reply: no model is attached to this client.'

export interface SamplingOptions {
  /** The text of `--reply`. */
  readonly reply: string | undefined
  readonly prompt: Prompt | undefined
  readonly say: (text: string) => void
}

export async function answerSampling(
  params: SamplingParams,
  signal: AbortSignal,
  { reply, prompt, say }: SamplingOptions,
): Promise<SamplingAnswer> {
  say('The server asks for a message of a model:')
  if (typeof params.systemPrompt === 'string') say(`  system: ${oneLine(params.systemPrompt)}`)
  for (const message of Array.isArray(params.messages) ? params.messages : []) {
    say(`  ${oneLine(String(message.role))}: ${textOf(message.content)}`)
  }
  if (reply === undefined && prompt) {
    const end = prompt.begin()
    const typed = await prompt.ask('   Your reply as the model (Enter for a fixed one): ', signal).finally(end)
    if (typed === undefined) throw Object.assign(new Error('The user rejected the request.'), { code: USER_REJECTED })
    return message(typed === '' ? CANNED : typed, typed === '' ? 'fairlead/fixed-reply' : 'fairlead/user')
  }
  say(reply === undefined ? 'Answered with a fixed reply. Give --reply <text> for another.' : 'Answered by --reply.')
  return message(reply ?? CANNED, 'fairlead/fixed-reply')
}

/** The code that the specification's example gives to a request that the user turned down. */
const USER_REJECTED = -1

function message(text: string, model: string): SamplingAnswer {
  return { role: 'assistant', content: { type: 'text', text }, model, stopReason: 'endTurn' }
}

function textOf(content: unknown): string {
  if (Array.isArray(content)) return content.map(textOf).join(' ')
  if (!isObject(content)) return ''
  return typeof content['text'] === 'string' ? oneLine(content['text']) : `[${oneLine(String(content['type']))}]`
}
