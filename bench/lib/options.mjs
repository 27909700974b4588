/** The flags of the benchmark. */
import { parseArgs } from 'node:util'

const USAGE = `Usage: npm run bench -- [options]        or: node bench/run.mjs [options]

  --only row,row     only these rows
  --targets a,b      only these targets; given together with --only, every target named takes part in every round
  --rounds n         rounds with a fresh process each (default 5)
  --seconds s        seconds of load per target and round (default 1)
  --ops n            operations per target and round, instead of --seconds
  --check            measure what missed its target once more; exit 1 when it misses again
  --json file        write all figures to a file
  --node-args "..."  flags for the servers' node, for example "--cpu-prof --cpu-prof-dir=/tmp/profiles"
  --list             print the names of rows and targets
`

function list(value) {
  return value?.split(',').filter((name) => name !== '')
}

function positive(name, value) {
  const number = Number(value)
  if (!(number > 0)) throw new Error(`--${name} wants a number above 0, got "${value}"`)
  return number
}

function known(flag, asked, names) {
  const unknown = asked?.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`--${flag}: no "${unknown}". There are: ${names.join(', ')}`)
  return asked
}

/** @throws {Error} with a sentence for the user when a flag makes no sense */
export function readOptions(rowNames, targetNames) {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      targets: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '1' },
      ops: { type: 'string' },
      check: { type: 'boolean', default: false },
      json: { type: 'string' },
      'node-args': { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const targets = known('targets', list(values.targets), targetNames)
  return {
    only: known('only', list(values.only), rowNames),
    targets,
    everyRound: targets !== undefined,
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    operations: values.ops === undefined ? undefined : positive('ops', values.ops),
    check: values.check,
    json: values.json,
    nodeArgs: values['node-args']?.split(' ').filter((flag) => flag !== ''),
    list: values.list,
    help: values.help ? USAGE : undefined,
  }
}
