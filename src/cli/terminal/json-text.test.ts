import { expect, test } from 'vitest'
import { jsonLines } from './json-text.ts'
import { createStyle } from './style.ts'

const options = { style: createStyle(false), width: 40, maxString: 20 }

test('one line where it fits, one member per line where it does not', () => {
  expect(jsonLines({ a: 1, b: [true, null] }, options)).toEqual(['{ "a": 1, "b": [true, null] }'])
  expect(jsonLines({ list: ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'], empty: {} }, options)).toEqual([
    '{',
    '  "list": [',
    '    "aaaaaaaaaaaa",',
    '    "bbbbbbbbbbbb",',
    '    "cccccccccccc"',
    '  ],',
    '  "empty": {}',
    '}',
  ])
})

test('long strings are cut, and say by how much', () => {
  expect(jsonLines('x'.repeat(25), options)).toEqual([`"${'x'.repeat(20)}"… 5 more`])
})

test('control characters stay escaped', () => {
  expect(jsonLines({ a: '\u001b[31m\u009b\u202e' }, options)).toEqual(['{ "a": "\\u001b[31m\\u009b\\u202e" }'])
})

test('colours do not change the layout', () => {
  const value = { list: ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'], n: 1, ok: true }
  const coloured = jsonLines(value, { ...options, style: createStyle(true) })
  expect(coloured.join('')).toContain('\u001b[')
  expect(coloured.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''))).toEqual(jsonLines(value, options))
})
