import { describe, expect, test } from 'vitest'
import { sampleArguments } from './sample.ts'

function of(property: object): unknown {
  return sampleArguments({ properties: { it: property }, required: ['it'] })?.['it']
}

describe('sampleArguments', () => {
  test('takes what the schema offers first', () => {
    expect(of({ type: 'string', default: 'd' })).toBe('d')
    expect(of({ const: 7 })).toBe(7)
    expect(of({ type: 'string', examples: ['e'] })).toBe('e')
    expect(of({ enum: ['first', 'second'] })).toBe('first')
    expect(of({ oneOf: [{ const: '#f00', title: 'Red' }] })).toBe('#f00')
    expect(of({ type: 'string', description: 'A city. For example "Paris".' })).toBe('Paris')
  })

  test('stays within types and limits', () => {
    expect(of({ type: 'integer', minimum: 3 })).toBe(3)
    expect(of({ type: 'number', exclusiveMinimum: 0 })).toBe(1)
    expect(of({ type: 'number', maximum: -5 })).toBe(-5)
    expect(of({ type: 'boolean' })).toBe(false)
    expect(of({ type: 'string', format: 'date' })).toBe('2025-11-25')
    expect(of({ type: 'string', minLength: 10 })).toHaveLength(10)
    expect(of({ type: 'string', maxLength: 3 })).toHaveLength(3)
    expect(of({ type: 'array', items: { type: 'integer' }, minItems: 2 })).toEqual([1, 1])
    expect(of({ type: 'object', properties: { x: { type: 'null' } }, required: ['x'] })).toEqual({ x: null })
  })

  test('leaves out what is not required', () => {
    expect(sampleArguments({ properties: { a: { type: 'string' } } })).toEqual({})
  })

  test('gives up rather than guess: patterns, unknown formats, references, circles', () => {
    expect(of({ type: 'string', pattern: '^[A-Z]{3}$' })).toBeUndefined()
    expect(of({ type: 'string', format: 'iban' })).toBeUndefined()
    expect(of({ $ref: '#/$defs/x' })).toBeUndefined()
    const circle: Record<string, unknown> = { type: 'object', required: ['self'] }
    circle['properties'] = { self: circle }
    expect(of(circle)).toBeUndefined()
  })
})
