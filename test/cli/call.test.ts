import { beforeAll, describe, expect, test } from 'vitest'
import { everything, fairlead, harbour, type Running, startFairlead, weather } from './support.ts'

let weatherUrl = ''
let harbourUrl = ''
let everythingUrl = ''
let harbourServer: Running
beforeAll(async () => {
  weatherUrl = (await weather()).url
  const server = await harbour()
  harbourServer = server
  harbourUrl = server.url
  everythingUrl = (await everything()).url
})

describe('call', () => {
  test('prints the text of the result', async () => {
    const finished = await fairlead(['call', weatherUrl, 'get_forecast', 'city=Paris'])
    expect(finished).toEqual({ code: 0, out: 'Paris: sunny, 17 °C\n', err: '' })
  })

  test('--json prints the whole result', async () => {
    const { code, out } = await fairlead(['call', weatherUrl, 'get_forecast', 'city=Paris', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({ content: [{ type: 'text', text: 'Paris: sunny, 17 °C' }] })
  })

  test('a result with isError goes to stderr, with exit code 1', async () => {
    const { code, out, err } = await fairlead(['call', weatherUrl, 'get_forecast', 'city=Oz'])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/^No forecast for Oz\./)
  })

  test.each([
    [['ship=007'], { ship: '007' }],
    [['ship=a', 'tons=12.5', 'fragile=true'], { ship: 'a', tons: 12.5, fragile: true }],
    [['ship=a', 'ports=Oslo,Faro'], { ship: 'a', ports: ['Oslo', 'Faro'] }],
    [['ship=a', 'ports=Oslo', 'ports=Faro'], { ship: 'a', ports: ['Oslo', 'Faro'] }],
    [['ship=a', 'crew={"captain":"Ada"}'], { ship: 'a', crew: { captain: 'Ada' } }],
    [['ship=x=y', 'tons:=1e3'], { ship: 'x=y', tons: 1000 }],
    [['--args', '{"ship":"a","tons":1}', 'tons=2'], { ship: 'a', tons: 2 }],
  ])('%j has the types of the schema', async (words, expected) => {
    const { code, out } = await fairlead(['call', harbourUrl, 'load', ...words])
    expect({ code, args: JSON.parse(out) }).toEqual({ code: 0, args: expected })
  })

  test.each([
    [['load', 'ship'], '"ship" is not of the form key=value.'],
    [['load', 'ship=a', 'tons=heavy'], 'tons must be a number, not "heavy".'],
    [['load', 'ship=a', 'fragile=maybe'], 'fragile must be true or false, not "maybe".'],
    [['load', 'shp=a'], 'The tool has no argument shp. Did you mean ship?'],
    [['load', 'crew={'], 'crew must be JSON, and this is not: {'],
    [['laod', 'ship=a'], 'The server has no tool laod. Did you mean load?'],
  ])('%j is wrong use: exit code 2', async (words, sentence) => {
    const finished = await fairlead(['call', harbourUrl, ...words])
    expect(finished).toEqual({ code: 2, out: '', err: `fairlead: ${sentence}\n` })
  })

  test('shows progress and log messages on stderr', async () => {
    const steps = await fairlead(['call', everythingUrl, 'test_steps', 'steps=2', 'ms=5'])
    expect(steps).toEqual({ code: 0, out: 'Took 2 steps.\n', err: 'progress 1/2  step 1\nprogress 2/2  step 2\n' })
    const logging = await fairlead(['call', everythingUrl, 'test_tool_with_logging', '--log-level', 'info'])
    expect(logging.err).toContain('info  Tool execution started\n')
    const quiet = await fairlead(['call', everythingUrl, 'test_tool_with_logging', '--log-level', 'error'])
    expect(quiet.err).toBe('')
  })

  test('answers a form by the defaults of its schema, and says so', async () => {
    const { code, out, err } = await fairlead(['call', everythingUrl, 'test_elicitation_sep1034_defaults'])
    expect(code).toBe(0)
    expect(out).toContain('action=accept')
    expect(err).toMatch(/^\? Answered by the defaults of the form, without asking you: \{"name":"John Doe"/m)
  })

  test('declines a form that nobody filled, and says how to fill it', async () => {
    const { out, err } = await fairlead(['call', everythingUrl, 'test_elicitation', 'message=Who?'])
    expect(out).toContain('action=decline')
    expect(err).toContain('nobody is there to ask. Give --answer username=… --answer email=…')
  })

  test('answers by --answer and --reply, and offers --root', async () => {
    const call = (...words: string[]): Promise<{ out: string }> => fairlead(['call', everythingUrl, ...words])
    const answers = ['--answer', 'username=ada', '--answer', 'email=ada@example.com']
    expect((await call('test_elicitation', 'message=Who?', ...answers)).out).toContain('"username":"ada"')
    expect((await call('test_elicitation', 'message=Who?', '--answer', 'cancel')).out).toContain('action=cancel')
    expect((await call('test_sampling', 'prompt=Hi', '--reply', 'ho')).out).toBe('LLM response: ho\n')
    expect((await call('test_list_roots', '--root', '/harbour')).out).toContain('file:///harbour')
  })

  test('gives up after --timeout and cancels the call', async () => {
    const cancelled = harbourServer.saw(/wait was cancelled/)
    const { code, err } = await fairlead(['call', harbourUrl, 'wait', '--timeout', '0.3'])
    expect({ code, err }).toEqual({
      code: 1,
      err: 'fairlead: tools/call: nothing heard for 0.3 s, so it was given up.\n',
    })
    await cancelled
  })

  test('Ctrl-C cancels the call and ends the session', async () => {
    const cancelled = harbourServer.saw(/wait was cancelled/, 2)
    const calling = startFairlead(['call', harbourUrl, 'wait'])
    // The process has no output that would tell when the call is on its way.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    calling.child.kill('SIGINT')
    expect((await calling.finished).code).toBe(130)
    await cancelled
  })

  test('leaves the bytes of a piped result alone', async () => {
    expect((await fairlead(['call', harbourUrl, 'noisy'])).out).toBe('red \u001b[31m text\n')
  })

  test('sends the headers that it is given', async () => {
    const foreign = await fairlead(['call', weatherUrl, 'server_status', '--header', 'Origin: https://evil.example'])
    expect(foreign.code).toBe(1)
    expect(foreign.err).toMatch(/^fairlead: The server refused \(HTTP 403\): /)
  })
})

describe('list', () => {
  test('prints tools with their arguments, resources, templates and prompts', async () => {
    const { code, out } = await fairlead(['list', harbourUrl])
    expect(code).toBe(0)
    expect(out).toMatch(/^harbour 2\.0\.0 {2}2025-11-25$/m)
    expect(out).toMatch(/^Tools$/m)
    expect(out).toMatch(/^ {2}load\(ship, tons\?, fragile\?, ports\?, crew\?\) {2}read-only\n {6}Loads a ship\.$/m)
    expect(out).toMatch(/^Resources\n {2}tide {2}harbour:\/\/tide {2}text\/plain$/m)
    expect(out).toMatch(/^Prompts\n {2}greet\(name\)$/m)
    expect(out).not.toContain('Resource templates')
  })

  test('--json prints one object', async () => {
    const { out } = await fairlead(['list', everythingUrl, '--json'])
    const listed = JSON.parse(out) as Record<string, { name: string }[]>
    expect(listed['resourceTemplates']?.map(({ name }) => name)).toEqual(['Record'])
    expect(listed['prompts']).toHaveLength(5)
  })
})
