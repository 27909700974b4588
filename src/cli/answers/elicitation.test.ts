import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../wire/jsonrpc.ts'
import { answerElicitation, readAnswers } from './elicitation.ts'
import type { Prompt } from './prompt.ts'

const FORM = {
  type: 'object',
  properties: {
    name: { type: 'string', title: 'Name', description: 'Yours', minLength: 2 },
    age: { type: 'integer', minimum: 18, default: 30 },
    color: {
      type: 'string',
      oneOf: [
        { const: '#f00', title: 'Red' },
        { const: '#0f0', title: 'Green' },
      ],
      default: '#0f0',
    },
    tags: { type: 'array', items: { type: 'string', enum: ['a', 'b', 'c'] }, maxItems: 2 },
    agree: { type: 'boolean', default: true },
  },
  required: ['name'],
}

/** A user who types these lines, and what was shown to them. */
function user(...lines: (string | undefined)[]): Prompt & { readonly shown: string[]; held: number } {
  const shown: string[] = []
  const prompt = {
    shown,
    held: 0,
    begin: () => {
      prompt.held++
      return () => {
        prompt.held--
      }
    },
    tell: (text: string) => void shown.push(text.trim()),
    ask: async (question: string) => {
      shown.push(question.trim())
      return lines.shift()
    },
  }
  return prompt
}

function answer(
  words: readonly string[],
  prompt?: Prompt,
  params: JsonObject = { message: 'Hm?', requestedSchema: FORM },
) {
  const given = readAnswers(words) ?? { action: undefined, values: new Map() }
  const said: string[] = []
  const elicitation = { message: 'Hm?', ...params }
  const { signal } = new AbortController()
  const answered = answerElicitation(elicitation, signal, { given, prompt, say: (text) => said.push(text) })
  return answered.then((result) => ({ result, said }))
}

describe('on a terminal', () => {
  test('asks field by field, takes defaults, and asks again for what does not fit', async () => {
    const prompt = user('A', 'Ada', '', 'red', 'c, a', 'no')
    const { result } = await answer([], prompt)
    expect(result).toEqual({
      action: 'accept',
      content: { name: 'Ada', age: 30, color: '#f00', tags: ['c', 'a'], agree: false },
    })
    expect(prompt.shown).toEqual([
      'Enter takes the default, ! declines, Ctrl-D cancels.',
      'Name (Yours):',
      'At least 2 characters.',
      'Name (Yours):',
      'age [30]:',
      'color 1=Red 2=Green [Green]:',
      'tags 1=a 2=b 3=c (several, with commas) [leave out]:',
      'agree yes/no [yes]:',
    ])
    expect(prompt.held).toBe(0)
  })

  test('numbers choose, and an optional field may be left out', async () => {
    const { result } = await answer([], user('Ada', '40', '1', '', ''))
    expect(result).toEqual({ action: 'accept', content: { name: 'Ada', age: 40, color: '#f00', agree: true } })
  })

  test.each([
    [
      ['Ada', '17', '18', 'blue', 'green', 'a,b,c', 'a', 'perhaps', 'y'],
      ['At least 18.', 'One of Red and Green.', 'At most 2 of them.', 'Answer yes or no.'],
    ],
    [['Ada', '1.5', '20', '', '', ''], ['That is not a whole number.']],
  ])('%j hears why', async (lines, problems) => {
    const prompt = user(...lines)
    expect((await answer([], prompt)).result.action).toBe('accept')
    expect(prompt.shown).toEqual(expect.arrayContaining(problems))
  })

  test('! declines and Ctrl-D cancels', async () => {
    expect((await answer([], user('Ada', '!'))).result).toEqual({ action: 'decline' })
    expect((await answer([], user(undefined))).result).toEqual({ action: 'cancel' })
  })

  test('a URL is shown whole, and consent is asked for', async () => {
    const url = { mode: 'url', url: 'https://example.com/pay?x=1\u001b[2J' }
    const yes = await answer([], user('yes'), url)
    expect(yes.result).toEqual({ action: 'accept' })
    expect(yes.said).toContain('It wants you to open https://example.com/pay?x=1\\u001b[2J')
    expect((await answer([], user(''), url)).result).toEqual({ action: 'decline' })
  })

  test('--answer is used instead of asking', async () => {
    const prompt = user()
    expect((await answer(['name=Ada'], prompt)).result).toMatchObject({ content: { name: 'Ada', age: 30 } })
    expect(prompt.shown).toEqual([])
  })
})

describe('without a terminal', () => {
  test('makes nothing up', async () => {
    const { result, said } = await answer([])
    expect(result).toEqual({ action: 'decline' })
    expect(said.at(-1)).toBe('Declined: name has no default and nobody is there to ask. Give --answer name=…')
  })

  test('checks what --answer gave', async () => {
    const { result, said } = await answer(['name=Ada', 'age=12'])
    expect(result).toEqual({ action: 'decline' })
    expect(said.at(-1)).toBe('Declined: --answer age=12 does not fit. At least 18.')
  })

  test('consents to a URL only when told to', async () => {
    const url = { mode: 'url', url: 'https://example.com/' }
    expect((await answer([], undefined, url)).result).toEqual({ action: 'decline' })
    expect((await answer(['accept'], undefined, url)).result).toEqual({ action: 'accept' })
  })
})

test('readAnswers refuses other words', () => {
  expect(readAnswers(['perhaps'])).toBeUndefined()
  expect(readAnswers(['a=b=c', 'decline'])).toEqual({ action: 'decline', values: new Map([['a', 'b=c']]) })
})
