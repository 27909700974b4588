import { expect, test } from 'vitest'
import { typedArguments } from './typed.ts'

test('a union with a string keeps the text unless another type reads it', () => {
  const schema = { properties: { a: { type: ['string', 'integer'] }, b: { type: ['string', 'null'] } } }
  expect(typedArguments(['a=5', 'b=null'], schema)).toEqual({ a: 5, b: null })
  expect(typedArguments(['a=5.5', 'b='], schema)).toEqual({ a: '5.5', b: '' })
})

test('anyOf and enumerations give types as well', () => {
  const schema = { properties: { a: { anyOf: [{ type: 'number' }, { type: 'null' }] }, b: { enum: [1, 2] } } }
  expect(typedArguments(['a=null', 'b=2'], schema)).toEqual({ a: null, b: 2 })
})

test('a property that the schema does not describe is a string', () => {
  expect(typedArguments(['a=5'], {})).toEqual({ a: '5' })
})

test('a key can not reach the prototype', () => {
  const args = typedArguments(['__proto__=x', 'constructor=y'], {})
  expect(Object.getPrototypeOf(args)).toBe(Object.prototype)
  expect(JSON.stringify(args)).toBe('{"__proto__":"x","constructor":"y"}')
})
