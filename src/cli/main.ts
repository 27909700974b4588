#!/usr/bin/env node
/**
 * The command `fairlead`: reads the command line and loads the one command that it names.
 *
 * @module
 */
import { Command, CommanderError, Option } from 'commander'
// Not through the index: that would load the whole client for `--help`.
import { LATEST_LEGACY } from '../testing/client/revisions.ts'
import { LOG_LEVELS } from '../wire/log-level.ts'
import { debugging, reportFailure, usage } from './failure.ts'
import { collect, readHeader, readPort, readRevision, readTimeout, readTries, readUrl } from './options.ts'
import { packageVersion } from './version.ts'

const EXAMPLES = `
Examples:
  fairlead dev server.mjs
  fairlead walk http://127.0.0.1:8000/mcp
  fairlead call http://127.0.0.1:8000/mcp get_forecast city=Paris

fairlead <command> --help lists the options of a command.`

function createProgram(): Command {
  const program = new Command('fairlead')
    .description('Run MCP servers, and see what they say on the wire.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    // Errors are written once, by the boundary below.
    .configureOutput({ writeErr: () => {} })

  const walk = client(program.command('walk <url>'))
    .description('walk the lifecycle of a server, and show every HTTP exchange')
    .option('--call <words...>', 'call this tool: its name, then key=value words (default: a read-only tool)')
    .option('--json', 'print one JSON object per line')
    .option('--full', 'show every header and whole bodies')
  walk.action(async (url: string, options) => {
    const command = await import('./walk/walk.ts')
    process.exitCode = await command.walk(readUrl(url), options)
  })

  const call = client(program.command('call <url> <tool> [words...]'))
    .description('call a tool; arguments are key=value words, or key:=json')
    .option('--args <json>', 'all arguments as one JSON object')
    .option('--json', 'print the whole result as JSON')
    .addOption(new Option('--log-level <level>', 'ask for log messages from this level up').choices(LOG_LEVELS))
  call.action(async (url: string, tool: string, words: string[], options) => {
    const command = await import('./call.ts')
    process.exitCode = await command.call(readUrl(url), tool, words, options)
  })

  const list = client(program.command('list <url>'))
    .description('list tools, resources, resource templates and prompts')
    .option('--json', 'print them as one JSON object')
  list.action(async (url: string, options) => {
    const command = await import('./list.ts')
    process.exitCode = await command.list(readUrl(url), options)
  })

  program
    .command('doctor <url>')
    .description('check an endpoint through its load balancer, and say what to change')
    .option('-H, --header <line>', "send this header, 'Name: value' (may be repeated)", readHeader)
    .option('--json', 'print one JSON object per line')
    .option('--quick', 'leave out what takes 75 seconds: whether idle streams live')
    .option('--tries <number>', 'how many connections look for replicas (default: 12)', readTries)
    .option('--origin <origin>', 'the origin of web pages that are to call the server')
    .action(async (url: string, options) => {
      const command = await import('./doctor/doctor.ts')
      process.exitCode = await command.doctor(readUrl(url), options)
    })

  const run = serving(program.command('run <file>'))
    .description('serve the server that a file exports by default')
    .addOption(new Option('--deadline <ms>').argParser(Number).hideHelp())
  run.action(async (file: string, options) => {
    const command = await import('./serve/run.ts')
    await command.run(file, options)
  })

  const dev = serving(program.command('dev <file>'))
    .description('the same, restarted when a file changes; sessions survive')
    .option('--watch <path>', 'watch this folder as well (may be repeated)', collect)
  dev.action(async (file: string, options) => {
    const command = await import('./serve/dev.ts')
    await command.dev(file, options)
  })
  return program
}

/** The options of every command that talks to a server. */
function client(command: Command): Command {
  return command
    .option('-H, --header <line>', "send this header, 'Name: value' (may be repeated)", readHeader)
    .option(
      '--revision <date>',
      `speak this protocol revision, or auto to find out (default: ${LATEST_LEGACY.name})`,
      readRevision,
    )
    .option('--timeout <seconds>', 'give up after so long without a word from the server (default: 60)', readTimeout)
    .option(
      '--answer <word>',
      'answer elicitation: key=value, accept, decline or cancel (may be repeated)',
      collect,
      [],
    )
    .option('--reply <text>', 'answer sampling with this text')
    .option('--root <folder>', 'offer this folder as a root (may be repeated)', collect)
}

/** The options of every command that serves. */
function serving(command: Command): Command {
  return command
    .option('-p, --port <number>', 'listen on this port (default: PORT, else 8000)', readPort)
    .option('--host <name>', 'listen on this address (default: HOST, else 127.0.0.1)')
    .option('--path <path>', 'the path of the MCP endpoint (default: /mcp)')
    .option('--open', 'let everybody in, on an address that others can reach')
}

/** Runs the command line and turns what is thrown into one sentence and an exit code. */
async function main(): Promise<void> {
  const program = createProgram()
  try {
    await program.parseAsync()
  } catch (error) {
    process.exitCode = report(error, program)
  }
}

function report(error: unknown, program: Command): number {
  if (!(error instanceof CommanderError)) return reportFailure(error, debugging())
  if (error.exitCode === 0) return 0
  if (error.code === 'commander.help') {
    process.stdout.write(program.helpInformation())
    return 2
  }
  const sentence = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  return reportFailure(usage(`${sentence}. fairlead --help shows what there is.`), debugging())
}

await main()
