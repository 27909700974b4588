import { expect, test } from 'vitest'
import { capabilityBits, capabilityNames, hasCapability } from './capabilities.ts'

const names = (declared: unknown): string[] => capabilityNames(capabilityBits(declared))

test.each([
  [{}, []],
  [{ roots: {} }, ['roots']],
  [{ roots: { listChanged: true } }, ['roots', 'roots.listChanged']],
  [{ roots: { listChanged: false } }, ['roots']],
  [{ sampling: {} }, ['sampling']],
  [{ sampling: { tools: {} } }, ['sampling', 'sampling.tools']],
  [{ sampling: { context: {}, tools: {} } }, ['sampling', 'sampling.tools', 'sampling.context']],
  [{ elicitation: { form: {} } }, ['elicitation']],
  [{ elicitation: { form: {}, url: {} } }, ['elicitation', 'elicitation.url']],
  [{ elicitation: { url: {} } }, ['elicitation.url']],
] as const)('%j declares %j', (declared, expected) => {
  expect(names(declared)).toEqual(expected)
})

test('an empty elicitation object means forms, as in the revisions before modes', () => {
  expect(names({ elicitation: {} })).toEqual(['elicitation'])
})

test('what is no object declares nothing, and what is unknown is passed over', () => {
  for (const declared of [
    undefined,
    null,
    5,
    'sampling',
    ['sampling'],
    { sampling: true, roots: null, elicitation: [] },
  ]) {
    expect(names(declared), JSON.stringify(declared)).toEqual([])
  }
  expect(names({ sampling: { tools: true, context: 'yes' }, tasks: {}, experimental: { a: {} } })).toEqual(['sampling'])
})

test('the bits of a session id of an earlier version keep their meaning', () => {
  const bits = {
    roots: 1,
    'roots.listChanged': 2,
    sampling: 4,
    'sampling.tools': 8,
    'sampling.context': 16,
    elicitation: 32,
    'elicitation.url': 64,
  } as const
  for (const [name, bit] of Object.entries(bits)) {
    expect(capabilityNames(bit)).toEqual([name])
    expect(hasCapability(127 - bit, name as keyof typeof bits)).toBe(false)
  }
})
