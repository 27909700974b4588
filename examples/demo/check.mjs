// Runs the demo twice, before the load balancer that is installed and before its own, and reads what it shows.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const LIMIT_MS = 60_000

const CLAIMS = [
  'progress 1 to 100: each once, in order',
  'the long call was answered',
  'the question of replica-\\d was answered on replica-\\d',
  'the call that asked went on with the answer',
  'the session stream goes on',
  'replica-\\d finished its calls and ended by itself',
]

await Promise.all([[], ['--balancer', 'own']].map(check))

async function check(args) {
  const began = Date.now()
  const child = spawn(process.execPath, [fileURLToPath(new URL('demo.mjs', import.meta.url)), ...args])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  try {
    assert.equal(code, 0)
    for (const claim of CLAIMS) assert.match(output, new RegExp(`^✓  ${claim}`, 'm'))
    assert.match(output, /^Nothing was lost\.$/m)
    assert.ok(Date.now() - began < LIMIT_MS, 'under a minute')
    const ids = [...output.matchAll(/pid (\d+)/g)].map(([, id]) => Number(id))
    assert.equal(ids.length, 4)
    // Signal 0 only asks whether the process is there.
    for (const id of ids) assert.throws(() => process.kill(id, 0), { code: 'ESRCH' })
  } catch (error) {
    console.log(output)
    throw error
  }
  console.log(`ok  ${['demo', ...args].join(' ')}, ${((Date.now() - began) / 1000).toFixed(0)} s`)
}
