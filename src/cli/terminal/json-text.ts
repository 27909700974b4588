/**
 * JSON for people: on one line where it fits, broken where it does not, with colours, and bounded.
 *
 * @module
 */
import type { Style } from './style.ts'
import { printable } from './text.ts'

export interface JsonTextOptions {
  readonly style: Style
  /** Characters per line. */
  readonly width: number
  /** Strings longer than this are cut, and say by how much. Infinity: never. */
  readonly maxString: number
}

/** A text and what it looks like: widths are counted without colours. */
interface Piece {
  readonly plain: string
  readonly painted: string
}

/** The lines of a value. */
export function jsonLines(value: unknown, options: JsonTextOptions): string[] {
  return lines(value, options, options.width).map((line) => line.painted)
}

function lines(value: unknown, options: JsonTextOptions, width: number): Piece[] {
  const inline = onOneLine(value, options)
  if (inline.plain.length <= width || typeof value !== 'object' || value === null) return [inline]
  const array = Array.isArray(value)
  const entries: (readonly [string | undefined, unknown])[] = array
    ? value.map((entry) => [undefined, entry] as const)
    : Object.entries(value)
  const { style } = options
  const out = [mark(array ? '[' : '{', style)]
  entries.forEach(([key, entry], index) => {
    const label = key === undefined ? EMPTY : join([keyOf(key, options), mark(': ', style)])
    const body = lines(entry, options, width - 2)
    // A value that fits alone, but not behind its key, is broken as well.
    const first = body[0] ?? EMPTY
    const fits = body.length > 1 || label.plain.length + first.plain.length + 2 <= width
    const parts = fits || key === undefined ? body : lines(entry, options, Math.max(20, width - 2 - label.plain.length))
    parts.forEach((part, line) => {
      const pieces = [{ plain: '  ', painted: '  ' }, line === 0 ? label : EMPTY, part]
      if (line === parts.length - 1 && index < entries.length - 1) pieces.push(mark(',', style))
      out.push(join(pieces))
    })
  })
  out.push(mark(array ? ']' : '}', style))
  return out
}

function onOneLine(value: unknown, options: JsonTextOptions): Piece {
  const { style } = options
  if (typeof value === 'string') return textOf(value, options)
  if (typeof value !== 'object' || value === null) {
    const plain = String(JSON.stringify(value))
    return { plain, painted: style.literal(plain) }
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return mark('[]', style)
    return join([
      mark('[', style),
      ...separated(
        value.map((entry) => onOneLine(entry, options)),
        style,
      ),
      mark(']', style),
    ])
  }
  const entries = Object.entries(value)
  if (entries.length === 0) return mark('{}', style)
  const pieces = entries.map(([key, entry]) => {
    return join([keyOf(key, options), mark(': ', style), onOneLine(entry, options)])
  })
  return join([mark('{ ', style), ...separated(pieces, style), mark(' }', style)])
}

const EMPTY: Piece = { plain: '', painted: '' }

function mark(plain: string, style: Style): Piece {
  return { plain, painted: style.dim(plain) }
}

function keyOf(key: string, { style }: JsonTextOptions): Piece {
  const plain = printable(JSON.stringify(key))
  return { plain, painted: style.key(plain) }
}

function textOf(value: string, { style, maxString }: JsonTextOptions): Piece {
  if (value.length <= maxString) {
    const plain = printable(JSON.stringify(value))
    return { plain, painted: style.string(plain) }
  }
  const head = printable(JSON.stringify(value.slice(0, maxString)).slice(0, -1))
  const rest = `… ${value.length - maxString} more`
  return { plain: `${head}"${rest}`, painted: `${style.string(`${head}"`)}${style.dim(rest)}` }
}

function separated(pieces: readonly Piece[], style: Style): Piece[] {
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : [mark(', ', style), piece]))
}

function join(pieces: readonly Piece[]): Piece {
  return {
    plain: pieces.map((piece) => piece.plain).join(''),
    painted: pieces.map((piece) => piece.painted).join(''),
  }
}
