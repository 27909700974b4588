import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { fairlead } from './support.ts'

test('the built command is a file that can be run', () => {
  const root = join(import.meta.dirname, '../..')
  expect(statSync(join(root, manifest.bin.fairlead)).mode & 0o111).toBe(0o111)
})

test('--help names every command', async () => {
  const { code, out, err } = await fairlead(['--help'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  for (const command of ['walk', 'call', 'list', 'run', 'dev']) expect(out).toMatch(new RegExp(`^ {2}${command} `, 'm'))
})

test('each command has help of its own', async () => {
  const { code, out } = await fairlead(['walk', '--help'])
  expect(code).toBe(0)
  for (const option of ['--call', '--json', '--header', '--revision', '--timeout', '--answer']) {
    expect(out).toContain(option)
  }
})

test('--version prints the version of the package', async () => {
  expect(await fairlead(['--version'])).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' })
})

test('no command at all prints the help and fails', async () => {
  const { code, out } = await fairlead([])
  expect(code).toBe(2)
  expect(out).toContain('Usage: fairlead')
})

test.each([
  [['wlak', 'http://localhost/mcp'], /unknown command 'wlak'.*Did you mean walk\?/],
  [['walk'], /missing required argument 'url'/],
  [['list', 'http://localhost/mcp', '--jsn'], /unknown option '--jsn'.*Did you mean --json\?/],
  [['list', 'ftp://localhost/mcp'], /not the URL of an MCP endpoint/],
  [['list', 'http://user:secret@localhost/mcp'], /Credentials do not go into the URL/],
  [
    ['list', 'http://localhost/mcp', '--revision', '2020-01-01'],
    /--revision takes auto, or one of 2026-07-28, 2025-11-25/,
  ],
  [['list', 'http://localhost/mcp', '--timeout', 'soon'], /--timeout takes seconds/],
  [['list', 'http://localhost/mcp', '--header', 'nothing'], /--header takes 'Name: value'/],
  [['list', 'http://localhost/mcp', '--answer', 'maybe'], /--answer takes key=value/],
  [['run', 'nowhere.mjs'], /There is no file nowhere.mjs/],
])('%j is answered with one sentence and exit code 2', async (args, sentence) => {
  const { code, out, err } = await fairlead(args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(sentence)
  expect(err.trim().split('\n')).toHaveLength(1)
  expect(err).not.toMatch(/\n\s+at /)
})

test('a server that is not there is answered with one sentence and exit code 1, and a trace only with DEBUG', async () => {
  const args = ['list', 'http://127.0.0.1:9/mcp']
  const quiet = await fairlead(args)
  expect(quiet.code).toBe(1)
  expect(quiet.err).toMatch(
    /^fairlead: No answer from http:\/\/127\.0\.0\.1:9\/mcp: .*Is the server running there\?\n$/,
  )
  const loud = await fairlead(args, { env: { DEBUG: '1' } })
  expect(loud.err).toMatch(/\n\s+at /)
})
