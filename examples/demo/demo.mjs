// `npm run demo`: three replicas behind a load balancer, and a client in the middle of a long call and of a question. The
// replica that holds its streams is killed, the one that runs its calls is shut down, and nothing is lost.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startBalancer } from './balancer.mjs'
import { Client } from './client.mjs'
import { endAll, folder, freePort, isInstalled, listening, start } from './processes.mjs'
import { bar, bold, cyan, dim, green, line, plain, red, status, yellow } from './screen.mjs'

const CRATES = 100
const CRATE_MS = 200
const BOAT = 'Dione'

/** `--balancer nginx` takes that one; otherwise the first that is installed. */
const { values: options } = parseArgs({ options: { balancer: { type: 'string' } } })

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void endAll().then(() => process.exit(130)))
process.exitCode = await demo().catch((error) => {
  status('')
  plain(red(`✗  ${error.message}`))
  return 1
})
await endAll()
// Connections of the client may still wait for their time-out.
process.exit()

async function demo() {
  if (!isInstalled('redis-server')) {
    throw new Error('The replicas share a Redis: install redis-server (7 or newer), so that it is on the PATH.')
  }
  plain(bold('Three replicas, one client, nothing sticky'))
  plain()
  const { replicas, balancer } = await startAll()
  const client = new Client(balancer.url)
  await client.connect()
  line(`client     initialize answered by ${shown(client.servedBy)}`)

  // The client asks for things to do, and follows each stream.
  const progress = []
  const heard = []
  let question
  const follow = (what) => ({
    onConnection: ({ holder, connections }) => {
      if (connections > 1) line(`client     ${what}: came back, ${shown(holder)} holds the stream now`)
    },
    onBreak: () => line(`client     ${what}: ${yellow('the connection is gone')}`),
  })
  await client.request('resources/subscribe', { uri: 'harbour://tide' })
  const session = await client.listen({ ...follow('session stream'), onMessage: (message) => heard.push(message) })
  const unload = await client.begin('tools/call', call('unload', { crates: CRATES, ms: CRATE_MS }), {
    ...follow('long call'),
    onMessage: ({ method, params }) => {
      if (method !== 'notifications/progress') return
      progress.push(params.progress)
      status(bar(params.progress, CRATES))
      if (params.progress % 25 === 0) line(`progress   ${params.progress} of ${CRATES}`)
    },
  })
  const runner = unload.runner
  const steer = steering(client)
  const ask = {
    ...follow('question'),
    onMessage: (message) => {
      if (message.method === 'elicitation/create') question = message
    },
  }
  const book = await steer(
    (name) => name === runner,
    () => client.begin('tools/call', call('book_berth'), ask),
  )
  line(`client     the long call runs on ${shown(runner)}, the one that asks on ${shown(book.runner)}`)
  await until(() => question !== undefined, 'the question')
  line(`question   ${cyan(question.params.message)} ${dim('(the user thinks about it)')}`)

  const streams = Object.entries({ 'the session stream': session, 'the long call': unload, 'the call that asks': book })
  const allHeld = (fits) => () => {
    const lost = streams.find(([, { failure }]) => failure !== undefined)
    if (lost) throw new Error(`Lost: ${lost[0]} (${lost[1].failure})`)
    return streams.every(([, { holder }]) => fits(holder))
  }

  // 1. The network hiccups: the client comes back, and finds itself at another replica than the one that works for it.
  await sleep(1_500)
  const victim = replicas.find(({ name, ready }) => ready && name !== runner)
  const isVictim = (name) => name === victim.name
  plain()
  line(bold(`1. The client loses its connections, and comes back to ${victim.name}`))
  await Promise.all([session, unload, book].map((stream) => stream.cut((open) => steer(isVictim, open))))
  await until(allHeld(isVictim), 'the streams to be resumed')

  // 2. That replica is killed.
  await sleep(1_000)
  plain()
  line(bold(red(`2. kill -9 ${victim.running.child.pid}: ${victim.name}, which holds the streams`)))
  victim.running.child.kill('SIGKILL')
  await victim.running.ended
  const fresh = replicas.find(({ ready }) => !ready)
  await startReplica(fresh)
  line(`replicas   ${shown(fresh.name)} takes its place`)
  await until(
    allHeld((name) => name !== undefined && !isVictim(name)),
    'the streams to be resumed',
  )

  // 3. The one that runs the calls is told to leave.
  await sleep(500)
  const leaving = replicas.find(({ name }) => name === runner)
  plain()
  line(bold(yellow(`3. SIGTERM ${leaving.running.child.pid}: ${runner}, which runs both calls, drains`)))
  leaving.running.child.kill('SIGTERM')
  await until(async () => (await fetch(`http://127.0.0.1:${leaving.port}/readyz`)).status === 503, 'readiness to turn')
  line(`replicas   ${shown(runner)} is not ready any more; its calls go on`)
  const answer = { id: question.id, result: { action: 'accept', content: { boat: BOAT } } }
  await steer(
    (name) => name !== runner && name !== book.runner,
    () => client.send(answer),
  )
  const answerer = client.servedBy
  line(`answer     ${cyan(BOAT)}, taken by ${shown(answerer)}, for the question of ${shown(book.runner)}`)
  const booked = textOf(await book.answer)
  line(`result     ${green(booked)}`)
  const unloaded = textOf(await unload.answer)
  status('')
  line(`result     ${green(unloaded)}`)
  const code = await Promise.race([leaving.running.ended, sleep(15_000, 'nothing yet', { ref: false })])
  line(`replicas   ${shown(runner)} has ended with ${code}`)
  await until(() => session.holder !== undefined && session.holder !== runner, 'the session stream')
  await client.request('tools/call', call('turn_tide'))
  const updated = () => heard.some(({ method }) => method === 'notifications/resources/updated')
  await until(updated, 'the update', 5_000).catch(() => {})
  session.close()

  const whole = progress.length === CRATES && progress.every((value, at) => value === at + 1)
  plain()
  return verdict([
    [whole, `progress 1 to ${CRATES}: each once, in order, over ${unload.connections} connections`],
    [unloaded === `${CRATES} crates are on the quay.`, 'the long call was answered'],
    [answerer !== book.runner, `the question of ${book.runner} was answered on ${answerer}`],
    [booked === `Berth A2 is booked for ${BOAT}.`, 'the call that asked went on with the answer'],
    [updated(), 'the session stream goes on, and brings an update made on another replica'],
    [code === 0, `${runner} finished its calls and ended by itself`],
  ])
}

/** Redis, the balancer, three replicas, and a place for a fourth. */
async function startAll() {
  const redisPort = await freePort()
  const redis = start('redis-server', [
    '--port',
    String(redisPort),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
  ])
  await listening(redis, redisPort)
  line(`redis      pid ${redis.child.pid}, port ${redisPort}`)
  const env = { REDIS_URL: `redis://127.0.0.1:${redisPort}`, SECRET: randomBytes(32).toString('base64url') }
  const replicas = []
  for (let at = 1; at <= 4; at++) replicas.push({ name: `replica-${at}`, port: await freePort(), env, ready: false })
  await Promise.all(replicas.slice(0, 3).map(startReplica))
  for (const { name, port, running } of replicas.slice(0, 3)) {
    line(`replicas   ${shown(name)} pid ${running.child.pid}, port ${port}`)
  }
  const balancer = await startBalancer(replicas, options.balancer)
  await until(async () => (await fetch(new URL('/readyz', balancer.url))).ok, 'the balancer')
  line(`balancer   ${balancer.name}, ${balancer.url}`)
  return { replicas, balancer }
}

async function startReplica(replica) {
  const { port, env } = replica
  const file = fileURLToPath(new URL('replica.mjs', import.meta.url))
  replica.running = start(process.execPath, [file], { env: { ...env, PORT: String(port) } })
  await listening(replica.running, port)
  replica.ready = true
}

/**
 * The balancer gives requests to the replicas in turn. This sends pings until the turn is that of a replica that fits, and
 * then `act`s: so that the demo tells the same story each time. A client has no need to.
 */
function steering(client) {
  let last = Promise.resolve()
  const turn = async (fits, act) => {
    const seen = []
    for (let tries = 0; tries < 40; tries++) {
      await client.request('ping')
      seen.push(client.servedBy)
      // Whoever came after this one the last time comes next.
      const before = seen.slice(0, -1).lastIndexOf(seen.at(-1))
      if (before !== -1 && fits(seen[before + 1])) return act()
    }
    throw new Error('The balancer does not give requests in turn.')
  }
  return (fits, act) => {
    const acted = last.then(() => turn(fits, act))
    last = acted.catch(() => {})
    return acted
  }
}

function call(name, args = {}) {
  return { name, arguments: args }
}

function textOf({ result, error }) {
  return error ? `error: ${error.message}` : result.content[0].text
}

function shown(name) {
  return bold(name ?? 'nobody')
}

async function until(holds, what, limitMs = 20_000) {
  for (const limit = Date.now() + limitMs; !(await holds()); await sleep(50)) {
    if (Date.now() > limit) throw new Error(`In vain: ${what}.`)
  }
}

function verdict(claims) {
  for (const [holds, text] of claims) plain(holds ? `${green('✓')}  ${text}` : `${red('✗')}  ${red(`not: ${text}`)}`)
  const lost = claims.filter(([holds]) => !holds).length
  plain()
  plain(lost === 0 ? green('Nothing was lost.') : red('Something was lost.'))
  return lost === 0 ? 0 : 1
}
