// The load balancer: HAProxy or nginx from the PATH, in turn and without affinity. Where there is neither, a forwarder of
// the demo's own does the same.
import { writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { folder, freePort, isInstalled, listening, start } from './processes.mjs'

/** The header by which the balancer says whom it has chosen. Only the demo looks at it. */
export const SERVED_BY = 'x-served-by'

/**
 * Starts one before these replicas, each `{ name, port }`. Not all of them need to be there yet.
 *
 * @param wanted `haproxy`, `nginx` or `own`
 */
export async function startBalancer(replicas, wanted) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/mcp`
  for (const [program, lines, args] of [
    ['haproxy', haproxy, (file) => ['-db', '-f', file]],
    ['nginx', nginx, (file) => ['-p', folder, '-e', join(folder, 'error.log'), '-c', file]],
  ]) {
    if (wanted === undefined ? !isInstalled(program) : wanted !== program) continue
    const file = join(folder, `${program}.conf`)
    writeFileSync(file, `${lines(port, replicas).join('\n')}\n`)
    await listening(start(program, args(file), { end: 'SIGTERM' }), port)
    return { name: program, url }
  }
  await forward(port, replicas)
  return { name: 'a forwarder of the demo itself, in place of haproxy or nginx', url }
}

function haproxy(port, replicas) {
  return [
    'defaults',
    '  mode http',
    '  timeout connect 1s',
    '  timeout check 5s',
    '  timeout client 1h',
    '  timeout server 1h',
    '  option http-no-delay',
    '  option redispatch',
    'listen harbour',
    `  bind 127.0.0.1:${port}`,
    '  balance roundrobin',
    '  option httpchk GET /readyz',
    `  http-response set-header ${SERVED_BY} %s`,
    '  default-server check inter 300ms fall 1 rise 1',
    ...replicas.map(({ name, port: upstream }) => `  server ${name} 127.0.0.1:${upstream}`),
  ]
}

function nginx(port, replicas) {
  return [
    'daemon off;',
    'worker_processes 1;',
    `pid ${folder}/nginx.pid;`,
    'events { worker_connections 256; }',
    'http {',
    '  access_log off;',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${folder}/${name};`),
    `  map $upstream_addr $chosen { ${replicas.map(({ name, port: at }) => `~:${at}$ ${name};`).join(' ')} }`,
    '  upstream harbour {',
    ...replicas.map(({ port: upstream }) => `    server 127.0.0.1:${upstream};`),
    '  }',
    '  server {',
    `    listen 127.0.0.1:${port};`,
    '    location / {',
    '      proxy_pass http://harbour;',
    '      proxy_set_header Host $host;',
    '      proxy_read_timeout 1h;',
    '      proxy_next_upstream error timeout http_503;',
    `      add_header ${SERVED_BY} $chosen always;`,
    '    }',
    '  }',
    '}',
  ]
}

/** In turn, over those that take connections and say that they are ready. */
async function forward(port, replicas) {
  let turn = 0
  const isReady = ({ port: upstream }) =>
    fetch(`http://127.0.0.1:${upstream}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  const server = createServer(async (incoming, response) => {
    const ready = await Promise.all(replicas.map(isReady))
    for (let tries = 0; tries < replicas.length; tries++) {
      const at = turn++ % replicas.length
      if (!ready[at]) continue
      const { name, port: upstream } = replicas[at]
      const { method, url: path, headers } = incoming
      const onward = request({ host: '127.0.0.1', port: upstream, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode, { ...answer.headers, [SERVED_BY]: name })
        response.flushHeaders()
        answer.pipe(response)
        answer.on('error', () => response.destroy())
      })
      onward.on('error', () => response.destroy())
      response.on('close', () => onward.destroy())
      incoming.pipe(onward)
      return
    }
    response.writeHead(503).end()
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  server.unref()
}
