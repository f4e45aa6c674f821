/** The real nginx with one upstream group and one virtual host for each timeline. One process: one state, one clock. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../live/proxies/real.js'
import type { Timeline } from './timeline.js'

/** Its version, or undefined where there is none. */
export function nginxVersion(): string | undefined {
  try {
    return /nginx\/([\d.]+)/.exec(execFileSync('sh', ['-c', 'nginx -v 2>&1'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
}

export interface Nginx {
  port: number
  close(): Promise<void>
}

export async function startNginx(timelines: readonly Timeline[], names: (of: Timeline) => string[]): Promise<Nginx> {
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), 'order-'))
    const [port] = (await freePorts(1)) as [number]
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, configuration(folder, port, timelines, names))
    const child = spawn('nginx', ['-p', folder, '-e', 'stderr', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    let told = ''
    child.stderr.on('data', (chunk) => {
      told += chunk
    })
    const close = async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    }
    if (await listens(port, child)) return { port, close }
    await close()
    // Somebody else has taken the port in between.
    if (attempt === 3 || !told.includes('Address already in use')) throw new Error(`nginx did not start: ${told}`)
  }
}

function configuration(
  folder: string,
  port: number,
  timelines: readonly Timeline[],
  names: (timeline: Timeline) => string[],
): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`)
  return `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_timeout 0;
  server_names_hash_max_size 8192;
  server_names_hash_bucket_size 128;
  add_header X-Upstream $upstream_addr always;
  ${paths.join('\n  ')}
${timelines.map((timeline) => group(timeline, names(timeline), port)).join('\n')}
}
`
}

function group(timeline: Timeline, names: readonly string[], port: number): string {
  const { id, kind, key, nextUpstream, tries, servers } = timeline
  const method = {
    round_robin: '',
    least_conn: 'least_conn;',
    ip_hash: 'ip_hash;',
    hash: `hash ${key};`,
    consistent_hash: `hash ${key} consistent;`,
  }[kind]
  const lines = servers.map((server, index) => {
    const { weight, max_fails, fail_timeout, max_conns, backup, down } = server
    const words = [`weight=${weight}`, `max_fails=${max_fails}`, `fail_timeout=${fail_timeout}s`]
    words.push(`max_conns=${max_conns}`, ...(backup ? ['backup'] : []), ...(down ? ['down'] : []))
    return `    server ${names[index]} ${words.join(' ')};`
  })
  return `
  upstream ${id} {
    ${method}
${lines.join('\n')}
  }
  server {
    listen 127.0.0.1:${port};
    server_name ${id}.test;
    location / {
      proxy_pass http://${id};
      proxy_next_upstream ${nextUpstream.join(' ') || 'off'};
      proxy_next_upstream_tries ${tries};
    }
  }`
}

/** Until somebody answers there; false when the program is gone before. */
async function listens(port: number, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (open) return true
    await sleep(5)
  }
  return false
}
