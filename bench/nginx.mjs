/** nginx as origin and, in a process of its own, as a proxy in front of it; undefined where it is not installed. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

export async function startNginx(folder) {
  let version
  try {
    version = /nginx\/([\d.]+)/.exec(execFileSync('sh', ['-c', 'nginx -v 2>&1'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
  const originPort = await freePort()
  const proxyPort = await freePort()
  const children = [
    await startOne(join(folder, 'origin'), originPort, ORIGIN),
    await startOne(join(folder, 'proxy'), proxyPort, PROXY, `upstream app { server 127.0.0.1:${originPort}; ${KEPT} }`),
  ]
  return { children, version, originPort, proxyPort }
}

const ORIGIN = `default_type text/plain; return 200 '${'0123456789abcdef'.repeat(4)}';`
const PROXY = 'proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";'
const KEPT = 'keepalive 128; keepalive_requests 1000000000;'
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

async function startOne(folder, port, location, upstream = '') {
  mkdirSync(folder)
  const temporary = TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')
  const config = `
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log; user root;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; ${temporary}
  ${upstream}
  server { listen 127.0.0.1:${port}; location / { ${location} } }
}
`
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, config)
  const child = spawn('nginx', ['-c', file, '-p', folder], { stdio: 'ignore' })
  await awaitAnswer(port, 'nginx')
  return child
}

export async function awaitAnswer(port, who) {
  for (let left = 100; !(await answers(port)); left--) {
    if (left === 0) throw new Error(`${who} does not start`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined))
    socket.on('error', () => resolve(false))
  })
}
