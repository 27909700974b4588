// What the demo shows: a line per thing that happens, and on a terminal one more that lives below them.
import { inspect } from 'node:util'

const { stdout, env } = process
const coloured = env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : stdout.isTTY === true && !env.NO_COLOR
const began = Date.now()

const paint = (format) => (text) => {
  const [on, off] = inspect.colors[format]
  return coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text
}
export const bold = paint('bold')
export const dim = paint('dim')
export const green = paint('green')
export const red = paint('red')
export const yellow = paint('yellow')
export const cyan = paint('cyan')

let live = ''

function write(text) {
  if (stdout.isTTY) stdout.write(`\r\u001b[2K${text}\n${live}`)
  else stdout.write(`${text}\n`)
}

/** Something that happened. */
export function line(text = '') {
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  write(text === '' ? '' : `${dim(`${seconds.padStart(5)} s`)}  ${text}`)
}

/** A line without a time. */
export function plain(text = '') {
  write(text)
}

/** Replaces the line at the bottom; only a terminal has one. */
export function status(text) {
  if (!stdout.isTTY) return
  live = text === '' ? '' : `         ${text}`
  stdout.write(`\r\u001b[2K${live}`)
}

export function bar(done, total, width = 24) {
  const full = Math.round((done / total) * width)
  return `${green('█'.repeat(full))}${dim('░'.repeat(width - full))} ${done}/${total}`
}
