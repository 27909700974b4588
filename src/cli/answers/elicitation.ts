/**
 * Answers `elicitation/create`: from `--answer`, by asking the user, or by the defaults of the form. Nothing is made
 * up: a form with a required field that nobody filled is declined.
 *
 * @see the specification, client/elicitation
 * @module
 */
import type { ElicitationAnswer, ElicitationParams } from '../../testing/client/index.ts'
import { isObject } from '../../wire/jsonrpc.ts'
import { listed, oneLine } from '../terminal/text.ts'
import { type Field, fieldsOf, readField } from './form.ts'
import type { Prompt } from './prompt.ts'

/** What `--answer` gave: words for the whole, or values by field. */
export interface GivenAnswers {
  readonly action: 'accept' | 'decline' | 'cancel' | undefined
  readonly values: ReadonlyMap<string, string>
}

/** Reads the words of `--answer`: `key=value`, `accept`, `decline` or `cancel`. `undefined` for any other word. */
export function readAnswers(words: readonly string[]): GivenAnswers | undefined {
  const values = new Map<string, string>()
  let action: GivenAnswers['action']
  for (const word of words) {
    const at = word.indexOf('=')
    if (word === 'accept' || word === 'decline' || word === 'cancel') action = word
    else if (at > 0) values.set(word.slice(0, at), word.slice(at + 1))
    else return undefined
  }
  return { action, values }
}

export interface ElicitationOptions {
  readonly given: GivenAnswers
  /** Absent where nobody can be asked. */
  readonly prompt: Prompt | undefined
  /** Tells the user what happens. */
  readonly say: (text: string) => void
}

type Filled = { readonly content: Record<string, unknown> } | { readonly refused: string }

export async function answerElicitation(
  params: ElicitationParams,
  signal: AbortSignal,
  { given, prompt, say }: ElicitationOptions,
): Promise<ElicitationAnswer> {
  say(`The server asks: ${oneLine(params.message)}`)
  if (given.action === 'decline' || given.action === 'cancel') {
    say(`Answered with ${given.action}, as --answer says.`)
    return { action: given.action }
  }
  const asked = given.values.size === 0 && given.action === undefined ? prompt : undefined
  if (params.mode === 'url') return await answerUrl(params, signal, asked, given, say)
  const fields = fieldsOf(isObject(params.requestedSchema) ? params.requestedSchema : {})
  if (asked) return await askForm(fields, signal, asked)
  const filled = fill(fields, given)
  if ('refused' in filled) {
    say(`Declined: ${filled.refused}`)
    return { action: 'decline' }
  }
  const source = given.values.size > 0 ? '--answer and the defaults of the form' : 'the defaults of the form'
  say(`Answered by ${source}, without asking you: ${JSON.stringify(filled.content)}`)
  return { action: 'accept', content: filled.content }
}

/** Fills a form from what was given and from its defaults. */
function fill(fields: readonly Field[], given: GivenAnswers): Filled {
  const content: Record<string, unknown> = {}
  const missing: string[] = []
  for (const field of fields) {
    const text = given.values.get(field.name)
    if (text !== undefined) {
      const read = readField(field, text)
      if ('problem' in read) return { refused: `--answer ${field.name}=${text} does not fit. ${read.problem}` }
      content[field.name] = read.value
    } else if (field.preset !== undefined) content[field.name] = field.preset
    else if (field.required) missing.push(field.name)
  }
  if (missing.length === 0) return { content }
  const flags = missing.map((name) => `--answer ${name}=…`).join(' ')
  const has = missing.length === 1 ? 'has no default and nobody is' : 'have no default and nobody is'
  return { refused: `${listed(missing)} ${has} there to ask. Give ${flags}` }
}

async function askForm(fields: readonly Field[], signal: AbortSignal, prompt: Prompt): Promise<ElicitationAnswer> {
  const end = prompt.begin()
  try {
    prompt.tell('   Enter takes the default, ! declines, Ctrl-D cancels.')
    const content: Record<string, unknown> = {}
    for (const field of fields) {
      const outcome = await askField(field, signal, prompt)
      if (typeof outcome === 'string') return { action: outcome }
      if (outcome.value !== undefined) content[field.name] = outcome.value
    }
    return { action: 'accept', content }
  } finally {
    end()
  }
}

/** The value of a field, `undefined` where it is left out, or how the user turned the form down. */
async function askField(
  field: Field,
  signal: AbortSignal,
  prompt: Prompt,
): Promise<{ readonly value: unknown } | 'decline' | 'cancel'> {
  for (;;) {
    const typed = await prompt.ask(`   ${questionOf(field)} `, signal)
    if (typed === undefined) return 'cancel'
    if (typed === '!') return 'decline'
    if (typed === '' && (field.preset !== undefined || !field.required)) return { value: field.preset }
    const read = readField(field, typed)
    if ('value' in read) return read
    prompt.tell(`   ${read.problem}`)
  }
}

/** `Name, required (a name of yours):` */
function questionOf(field: Field): string {
  const { title, description, required, kind, choices, preset } = field
  const parts = [oneLine(title)]
  if (description !== undefined && description !== title) parts.push(`(${oneLine(description)})`)
  if (choices.length > 0) parts.push(choices.map((choice, index) => `${index + 1}=${oneLine(choice.title)}`).join(' '))
  else if (kind === 'boolean') parts.push('yes/no')
  if (kind === 'choices') parts.push('(several, with commas)')
  if (preset !== undefined) parts.push(`[${presetText(field)}]`)
  else if (!required) parts.push('[leave out]')
  return `${parts.join(' ')}:`
}

function presetText({ kind, preset, choices }: Field): string {
  if (kind === 'boolean') return preset === true ? 'yes' : 'no'
  const values: unknown[] = Array.isArray(preset) ? preset : [preset]
  const titles = values.map((value) => choices.find((choice) => choice.value === value)?.title ?? String(value))
  return oneLine(titles.join(', '))
}

async function answerUrl(
  params: ElicitationParams,
  signal: AbortSignal,
  prompt: Prompt | undefined,
  given: GivenAnswers,
  say: (text: string) => void,
): Promise<ElicitationAnswer> {
  // The URL is shown whole and never opened: the user must see where it leads.
  say(`It wants you to open ${oneLine(String(params.url))}`)
  if (given.action === 'accept') {
    say('Accepted, as --answer says.')
    return { action: 'accept' }
  }
  if (!prompt) {
    say('Declined: nobody is there to ask. Give --answer accept')
    return { action: 'decline' }
  }
  const end = prompt.begin()
  const typed = await prompt.ask('   Did you open it, and shall the server go on? yes/no [no]: ', signal).finally(end)
  if (typed === undefined) return { action: 'cancel' }
  return { action: /^y(es)?$/i.test(typed) ? 'accept' : 'decline' }
}
