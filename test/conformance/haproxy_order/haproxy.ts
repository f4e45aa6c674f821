/** The real HAProxy with one backend for each timeline, its runtime API, and what its log says of each request. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Timeline } from './timeline.js'

/** Its version, or undefined where there is none. */
export function haproxyVersion(): string | undefined {
  try {
    return /version ([\d.]+)/.exec(execFileSync('haproxy', ['-v'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
}

/** The limit for connecting, which is the pause before the same server is tried again as well. */
export const CONNECT_MS = 100
/** How long a request waits for room. */
export const QUEUE_MS = 40

export interface Logged {
  server: string
  retries: number
  /** It went to another server than it had been meant for. */
  moved: boolean
  status: number
  termination: string
  /** Until it had its last connection: pauses, earlier tries and the queue included. */
  connectMs: number
}

export interface Haproxy {
  /** The unix socket where it takes requests. */
  front: string
  /** What the log says of that request, once it is there. */
  logged(id: string): Promise<Logged>
  turn(timeline: Timeline, server: number, up: boolean): Promise<void>
  close(): Promise<void>
}

/** @param well a port where every check passes */
export async function startHaproxy(
  timelines: readonly Timeline[],
  ports: (of: Timeline) => number[],
  well: number,
): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'haproxy-order-'))
  const [file, api, front] = ['cfg', 'api', 'front'].map((name) => join(folder, name)) as [string, string, string]
  writeFileSync(file, configuration(api, front, timelines, ports, well))
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  child.stderr.on('data', (chunk) => {
    told += chunk
  })
  const lines = new Map<string, Logged>()
  const waiting = new Map<string, (line: Logged) => void>()
  createInterface(child.stdout).on('line', (line) => {
    const [, id, server, retries, status, termination, queued, connected] =
      /^(\S+) (\S+) (\+?\d+) (-?\d+) (\S+) (-?\d+) (-?\d+)$/.exec(line) ?? []
    if (id === undefined) return
    const logged = {
      server: server!,
      retries: Number(retries!.replace('+', '')),
      moved: retries!.startsWith('+'),
      status: Number(status),
      termination: termination!,
      connectMs: Math.max(0, Number(queued)) + Math.max(0, Number(connected)),
    }
    lines.set(id, logged)
    waiting.get(id)?.(logged)
  })
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  if (!(await listens(api, child))) {
    await close()
    throw new Error(`HAProxy did not start: ${told}`)
  }
  return {
    front,
    logged(id) {
      const known = lines.get(id)
      return known ? Promise.resolve(known) : new Promise((resolve) => waiting.set(id, resolve))
    },
    async turn({ id }, server, up) {
      const answer = await ask(api, `set server ${id}/s${server} state ${up ? 'ready' : 'maint'}`)
      if (answer.trim() !== '') throw new Error(answer)
    },
    close,
  }
}

function configuration(
  api: string,
  front: string,
  timelines: readonly Timeline[],
  ports: (timeline: Timeline) => number[],
  well: number,
): string {
  return `
global
  nbthread 1
  stats socket ${api} level admin
  log stdout format raw local0
defaults
  mode http
  log global
  timeout client 30s
  timeout server 30s
  timeout connect ${CONNECT_MS}ms
  timeout queue ${QUEUE_MS}ms
  http-reuse never
  log-format "%[capture.req.hdr(0)] %s %rc %ST %ts %Tw %Tc"
frontend front
  bind ${front}
  http-request capture req.hdr(x-request-id) len 64
  use_backend %[req.hdr(host)]
# HAProxy checks the first server at once, and spreads the others over the interval: none of ours is checked.
backend first
  server first 127.0.0.1:${well} check inter 1h
${timelines.map((timeline) => backend(timeline, ports(timeline), well)).join('\n')}
`
}

function backend(timeline: Timeline, ports: readonly number[], well: number): string {
  const { id, balance, retries, retry_on, redispatch, all_backups, observe, servers } = timeline
  // Its requests are watched only where there are checks; the first one is far away.
  const checks = observe
    ? ` check port ${well} inter 1h fastinter 1h downinter 1h rise 1 fall 3 observe ${observe.layer} error-limit ${observe.limit} on-error ${observe.on_error}`
    : ''
  const lines = servers.map(({ weight, backup, max_conns }, index) => {
    const words = [
      `weight ${weight}`,
      ...(max_conns > 0 ? [`maxconn ${max_conns}`] : []),
      ...(backup ? ['backup'] : []),
    ]
    return `  server s${index} 127.0.0.1:${ports[index]} ${words.join(' ')}${checks}`
  })
  return `
backend ${id}
  balance ${balance}
  retries ${retries}
  retry-on ${retry_on.join(' ')}
  ${redispatch === 0 ? 'no option redispatch' : `option redispatch ${redispatch}`}
  ${all_backups ? 'option allbackups' : 'no option allbackups'}
${lines.join('\n')}`
}

async function ask(path: string, command: string): Promise<string> {
  const socket = connect(path)
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.end(`${command}\n`)
  await once(socket, 'close')
  return answer
}

/** False when the program is gone before it listens. */
async function listens(api: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    const told = await ask(api, 'show cli sockets').catch(() => '')
    if (told !== '') return true
    await sleep(10)
  }
  return false
}
