import { expect, test } from 'vitest'
import { classify } from './failure.ts'

test.each([
  ['NOSCRIPT No matching script. Please use EVAL.', 'script'],
  ["READONLY You can't write against a read only replica.", 'elsewhere'],
  ['LOADING Redis is loading the dataset in memory', 'passing'],
  ['CLUSTERDOWN The cluster is down', 'passing'],
  ['TRYAGAIN Multiple keys request during rehashing of slot', 'passing'],
  ['MASTERDOWN Link with MASTER is down', 'passing'],
  ['BUSY Redis is busy running a script.', 'passing'],
  ['ERR max number of clients reached', 'passing'],
  ['connect ECONNREFUSED 127.0.0.1:6379', 'passing'],
  ['The client is closed', 'passing'],
  ["Stream isn't writeable and enableOfflineQueue options is false", 'passing'],
  ['', 'passing'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'final'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'final'],
  ['NOAUTH Authentication required.', 'final'],
  ["NOPERM User x has no permissions to run the 'evalsha' command", 'final'],
  ['ERR unknown command', 'final'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'final'],
  ['MISCONF Redis is configured to save RDB snapshots', 'final'],
])('%s: %s', (message, failure) => {
  expect(classify(message)).toBe(failure)
})
