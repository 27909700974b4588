/**
 * Colours, where the output wants them.
 *
 * @see https://no-color.org and https://force-color.org
 * @module
 */
import { inspect } from 'node:util'

type Paint = (text: string) => string

/** Named by meaning, so that the look is decided here. */
export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly heading: Paint
  readonly sent: Paint
  readonly received: Paint
  readonly good: Paint
  readonly attention: Paint
  readonly bad: Paint
  readonly key: Paint
  readonly string: Paint
  readonly literal: Paint
}

const COLOURS = {
  bold: ['bold'],
  dim: ['dim'],
  heading: ['bold', 'underline'],
  sent: ['bold', 'cyan'],
  received: ['bold', 'magenta'],
  good: ['green'],
  attention: ['yellow'],
  bad: ['red'],
  key: ['blue'],
  string: ['green'],
  literal: ['yellow'],
} as const satisfies Record<keyof Style, readonly string[]>

/** Styles that colour, or leave the text as it is. */
export function createStyle(coloured: boolean): Style {
  const entries = Object.entries(COLOURS).map(([name, formats]) => [name, coloured ? painter(formats) : plain] as const)
  return Object.fromEntries(entries) as unknown as Style
}

/** Whether `stream` gets colours: `FORCE_COLOR` and `NO_COLOR` first, else whether it is a terminal. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = env
  if (force !== undefined) return force !== '0' && force !== 'false'
  if (no !== undefined && no !== '') return false
  return stream.isTTY === true && term !== 'dumb'
}

const plain: Paint = (text) => text

function painter(formats: readonly string[]): Paint {
  const codes = formats.map((format) => inspect.colors[format] ?? [0, 0])
  const open = codes.map(([on]) => `\u001b[${on}m`).join('')
  const close = codes.map(([, off]) => `\u001b[${off}m`).join('')
  return (text) => `${open}${text}${close}`
}
