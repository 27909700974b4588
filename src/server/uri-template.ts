/**
 * URI templates as resources use them (RFC 6570), matched in linear time without regular expressions made from input.
 *
 * Supported: `{a}`, `{a,b}`, `{+a}`, `{#a}`, `{.a}`, `{/a}`, `{;a}`, `{?a,b}`, `{&a}` and the explode modifier `*`.
 * A value ends where the literal text after its expression begins; values are percent-decoded.
 *
 * @module
 */

type Operator = '' | '+' | '#' | '.' | '/' | ';' | '?' | '&'

interface Expression {
  readonly operator: Operator
  readonly names: readonly string[]
}

type Part = string | Expression

/** The longest template. */
const MAX_TEMPLATE_CHARS = 2_048

/** What separates the values of an expression, and what stands before the first one. */
const SEPARATORS: Readonly<Record<Operator, string>> = {
  '': ',',
  '+': ',',
  '#': ',',
  '.': '.',
  '/': '/',
  ';': ';',
  '?': '&',
  '&': '&',
}

export class UriTemplate {
  readonly text: string
  /** The variables, in order. */
  readonly names: readonly string[]
  readonly #parts: readonly Part[]

  /** @throws {TypeError} for a malformed template. */
  constructor(text: string) {
    this.text = text
    this.#parts = parse(text)
    this.names = this.#parts.flatMap((part) => (typeof part === 'string' ? [] : part.names))
    const twice = this.names.find((name, at) => this.names.indexOf(name) !== at)
    if (twice !== undefined) throw new TypeError(`The URI template ${text} names the variable ${twice} twice.`)
  }

  /** The values of the variables, or `undefined` when the URI does not match. */
  match(uri: string): Record<string, string> | undefined {
    const values: Record<string, string> = Object.create(null)
    let at = 0
    for (const [index, part] of this.#parts.entries()) {
      if (typeof part === 'string') {
        if (!uri.startsWith(part, at)) return undefined
        at += part.length
        continue
      }
      const end = this.#endOfValue(uri, at, index)
      if (end === -1 || !readValues(part, uri.slice(at, end), values)) return undefined
      at = end
    }
    return at === uri.length ? values : undefined
  }

  /** Where the value of the expression at `index` ends: at the next literal, or at the next expression's own prefix. */
  #endOfValue(uri: string, at: number, index: number): number {
    const next = this.#parts[index + 1]
    if (next === undefined) return uri.length
    if (typeof next !== 'string') {
      const prefix = next.operator === '' || next.operator === '+' ? '' : next.operator
      const found = prefix === '' ? at : uri.indexOf(prefix, at + 1)
      return found === -1 ? uri.length : found
    }
    // The last literal is anchored at the end, so that the value before it may hold the same text.
    if (index + 2 === this.#parts.length) {
      return uri.endsWith(next) && uri.length - next.length >= at ? uri.length - next.length : -1
    }
    return uri.indexOf(next, at)
  }
}

function parse(text: string): Part[] {
  if (text.length > MAX_TEMPLATE_CHARS)
    throw new TypeError(`A URI template has at most ${MAX_TEMPLATE_CHARS} characters.`)
  const parts: Part[] = []
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('{', at)
    if (open === -1) {
      parts.push(text.slice(at))
      break
    }
    if (open > at) parts.push(text.slice(at, open))
    const close = text.indexOf('}', open)
    if (close === -1) throw new TypeError(`The URI template ${text} lacks a closing brace.`)
    parts.push(parseExpression(text, text.slice(open + 1, close)))
    at = close + 1
  }
  return parts
}

function parseExpression(template: string, text: string): Expression {
  const operator = ('+#./;?&'.includes(text[0] ?? 'x') ? text[0] : '') as Operator
  const names = text
    .slice(operator.length)
    .split(',')
    .map((name) => name.replace(/\*$/, ''))
  const bad = names.find((name) => !/^[A-Za-z0-9_.]+$/.test(name))
  if (bad !== undefined)
    throw new TypeError(`The URI template ${template} has a variable name that is not one: "${bad}".`)
  return { operator, names }
}

function readValues(expression: Expression, text: string, values: Record<string, string>): boolean {
  const { operator, names } = expression
  const named = operator === '?' || operator === '&' || operator === ';'
  let rest = text
  if (operator !== '' && operator !== '+') {
    if (rest === '') return named
    if (rest[0] !== operator) return false
    rest = rest.slice(1)
  }
  if (named) return readNamed(rest, names, SEPARATORS[operator], values)
  const reserved = operator === '+' || operator === '#'
  if (rest === '' || (!reserved && /[/?#]/.test(rest) && operator !== '/')) return false
  if (names.length === 1) {
    // An exploded list stays one value, joined as it came.
    if (operator === '' && rest.includes('/')) return false
    return put(values, names[0]!, rest)
  }
  const pieces = rest.split(SEPARATORS[operator])
  return pieces.length === names.length && names.every((name, index) => put(values, name, pieces[index]!))
}

function readNamed(text: string, names: readonly string[], separator: string, values: Record<string, string>): boolean {
  for (const piece of text.split(separator)) {
    const split = piece.indexOf('=')
    const name = split === -1 ? piece : piece.slice(0, split)
    if (!names.includes(name)) continue
    if (!put(values, name, split === -1 ? '' : piece.slice(split + 1))) return false
  }
  return true
}

function put(values: Record<string, string>, name: string, raw: string): boolean {
  try {
    values[name] = decodeURIComponent(raw)
    return true
  } catch {
    return false
  }
}
