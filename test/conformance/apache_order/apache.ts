/** The real Apache with one virtual host for each timeline, and what its error log says of each request. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../live/proxies/real.js'
import type { Timeline } from './timeline.js'

/** Its version, or undefined where there is none. */
export function apacheVersion(): string | undefined {
  try {
    return /Apache\/([\d.]+)/.exec(execFileSync('apache2', ['-v'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
}

export interface Logged {
  /** The servers to which no connection could be made, in order. */
  dead: number[]
  none: boolean
}

export interface Apache {
  port: number
  /** It writes of a failure before it answers. */
  logged(id: string): Logged
  close(): Promise<void>
}

/** Dead ones have addresses of their own: the log tells those. */
const deadHost = (server: number): string => `127.0.0.${2 + server}`

export async function startApache(timelines: readonly Timeline[], ports: readonly number[]): Promise<Apache> {
  const folder = mkdtempSync(join(tmpdir(), 'apache-order-'))
  const [file, log] = [join(folder, 'conf'), join(folder, 'log')]
  const [port] = (await freePorts(1)) as [number]
  writeFileSync(file, configuration(folder, port, timelines, ports))
  const child = spawn('apache2', ['-D', 'FOREGROUND', '-d', folder, '-f', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  child.stderr.on('data', (chunk) => {
    told += chunk
  })
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  while (!(await listens(port))) {
    if (child.exitCode === null) continue
    await close()
    throw new Error(`Apache did not start: ${told}`)
  }
  return {
    port,
    logged(id) {
      const lines = readFileSync(log, 'utf8').split('\n')
      const own = lines.filter((line) => line.startsWith(`${id} `))
      const dead = own.flatMap((line) => / AH01114: .*backend: 127\.0\.0\.(\d+)$/.exec(line)?.[1] ?? [])
      return { dead: dead.map((byte) => Number(byte) - 2), none: own.some((line) => line.includes(' AH01170: ')) }
    },
    close,
  }
}

const MODULES = [
  'mpm_event',
  'authz_core',
  'proxy',
  'proxy_http',
  'slotmem_shm',
  'proxy_balancer',
  'lbmethod_byrequests',
]

function configuration(folder: string, port: number, timelines: readonly Timeline[], ports: readonly number[]): string {
  return `ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
Mutex pthread
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${process.getuid?.() === 0 ? 'User #65534\nGroup #65534' : ''}
ServerName order
StartServers 1
ServerLimit 1
ThreadLimit 512
ThreadsPerChild 512
MaxRequestWorkers 512
Listen 127.0.0.1:${port}
ErrorLog ${folder}/log
ErrorLogFormat "%{X-Request-Id}i %M"
${timelines.map((timeline) => host(timeline, port, ports)).join('\n')}
`
}

function host(
  { id, max_attempts, force_recovery, fail_on_status, servers }: Timeline,
  port: number,
  ports: readonly number[],
) {
  const urls = servers.map(({ dead }, index) => `http://${dead ? `${deadHost(index)}:1` : `127.0.0.1:${ports[index]}`}`)
  const words = servers.map(({ weight, backup, down, max_conns, forgiven }) => {
    const status = `${backup ? '+H' : ''}${down ? '+D' : ''}`
    const own = [`retry=${forgiven ? 0 : 3600}`, `loadfactor=${weight}`, ...(status === '' ? [] : [`status=${status}`])]
    const limit = max_conns > 0 ? [`max=${max_conns}`, 'acquire=1'] : []
    return ['disablereuse=On', ...limit, ...(servers.length > 1 ? own : [])].join(' ')
  })
  const balancer = [
    'lbmethod=byrequests',
    ...(max_attempts === undefined ? [] : [`maxattempts=${max_attempts}`]),
    ...(force_recovery ? [] : ['forcerecovery=Off']),
    ...(fail_on_status.length > 0 ? [`failonstatus=${fail_on_status.join(',')}`] : []),
  ]
  const lines =
    servers.length === 1
      ? [`ProxyPass / ${urls[0]}/ ${words[0]}`]
      : [
          `<Proxy balancer://${id}>`,
          ...urls.map((url, index) => `BalancerMember ${url} ${words[index]}`),
          `ProxySet ${balancer.join(' ')}`,
          '</Proxy>',
          `ProxyPass / balancer://${id}/`,
        ]
  return [`<VirtualHost 127.0.0.1:${port}>`, `ServerName ${id}`, ...lines, '</VirtualHost>'].join('\n')
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const taken = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  if (!taken) await sleep(10)
  return taken
}
