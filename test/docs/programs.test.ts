import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Block, documents, programsOf } from './blocks.ts'
import { Workshop } from './workshop.ts'

let workshop: Workshop
beforeAll(() => {
  workshop = new Workshop()
})
afterAll(() => workshop.remove())

const programs = documents()
  // The examples of the command line are run by test/cli, those with a Redis by test/engines.
  .filter((file) => file !== 'docs/cli.md' && file !== 'docs/engines.md')
  .flatMap(programsOf)

function nameOf({ file, line }: Block): string {
  return `${file.replaceAll('/', '_').replace(/\.md$/, '')}_${line}.ts`
}

test('there is something to run in every guide', () => {
  const files = new Set(programs.map(({ file }) => file))
  expect([...files]).toEqual(
    expect.arrayContaining([
      'README.md',
      'docs/adapters.md',
      'docs/authoring.md',
      'docs/streams.md',
      'docs/testing.md',
    ]),
  )
})

test('every program of the documents is type-correct', () => {
  expect(workshop.typeCheck(programs.map((block) => ({ name: nameOf(block), code: block.code })))).toEqual([])
})

describe('every program of the documents runs', () => {
  test.each(programs.map((block) => [`${block.file}:${block.line}`, block] as const))('%s', async (_, block) => {
    const outcome = await workshop.run(nameOf(block), block.code)
    // A program that leaves signals alone ends by the signal itself.
    expect([outcome.code ?? outcome.signal, outcome.output]).toEqual([expect.toBeOneOf([0, 'SIGTERM']), outcome.output])
    expect(outcome.output).not.toMatch(/Error:|Warning:/)
    // A client that listens for changes serves nothing.
    const serves = /\b(serve|(?<!client\.)listen)\(/.test(block.code)
    expect(outcome.answer !== undefined).toBe(serves)
    if (outcome.answer === undefined) return
    // Where the document shows how to refuse somebody, that is what happens to this client.
    expect(outcome.answer.status).toBe(
      /\bauth:(?! 'none')/.test(block.code) ? 401 : /allowedHosts/.test(block.code) ? 403 : 200,
    )
    expect(outcome.answer.type).toMatch(/^(application\/json|text\/event-stream)$/)
  })
})
