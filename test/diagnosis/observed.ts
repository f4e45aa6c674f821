/**
 * A guess at what a gateway would see in a case, for tests of the procedures and for tuning them without sockets. What is
 * published comes from real runs, never from here.
 */
import type { DiagnosedPool } from '../../src/core/gateway/diagnosis/index.js'
import type { Observation } from '../../src/core/gateway/observation.js'
import { chanceFrom, type Draw } from '../../src/lib/random.js'
import {
  type Case,
  CONNECT_LIMIT_MS,
  edgeShareOf,
  exitsOf,
  overloadOf,
  paceOf,
  READ_LIMIT_MS,
  SERVICE_MS,
} from './cases.js'

type End = Partial<Observation> & { ok: boolean }
interface Exit {
  id: string
  subnet: string
  tag: string
}

const TARGET = 'shop.test:443'

export interface Run {
  pool: DiagnosedPool & { exits: Exit[] }
  observations: Observation[]
}

export function observe(one: Case): Run {
  const draw = chanceFrom(one.seed).stream('diagnosis observed')
  const exits = exitsOf(one)
  const total = exits.length * one.requests
  const { rate, seconds } = paceOf(one)
  const length = 1000 * seconds
  const distance = new Map(exits.map(({ id }) => [id, 1 + 10 * draw()]))
  const work = one.label === 'origin_overloaded' ? overloadedWork(one, draw) : steadyWork(draw)
  const observations: Observation[] = []
  for (let n = 0; n < total; n++) {
    const at = (n * 1000) / rate
    const exit = exits[n % exits.length]!
    const profile = pickProfile(one, draw)
    const within = at >= one.from * length && at < one.to * length
    const refused = refusedByGateway(one, draw)
    if (refused) {
      observations.push({ t: at, target: TARGET, exit: '', subnet: '', tag: '', profile: '', ms: 0, ...refused })
      continue
    }
    const way = distance.get(exit.id)! * (1 + 0.3 * draw())
    const end =
      (within ? wrong(one, n % exits.length, exits, profile, draw) : undefined) ?? unrelated(one, draw) ?? work(at)
    const ms = way + (end.ms ?? 1)
    const served = one.edge && end.status !== undefined ? { server: 'edge' } : {}
    const { id, subnet, tag } = exit
    observations.push({ target: TARGET, exit: id, subnet, tag, profile, ...served, ...end, t: at + ms, ms })
  }
  return { pool: { exits, profiles: one.profiles.map(({ name }) => name) }, observations }
}

const reset = (stage: 'tls' | 'response_head' | 'connect'): End => ({
  ok: false,
  error: 'connection_terminated',
  stage,
  ms: 1,
})
const late: End = { ok: false, error: 'connection_read_timeout', stage: 'response_head', ms: READ_LIMIT_MS }
const answered = (status: number): End => ({ ok: status < 400, status, ms: 2 })
const cut: End = { ok: false, error: 'http_response_incomplete', stage: 'response_body', status: 200, ms: 3 }

function refusedByGateway({ label, affected }: Case, draw: Draw): End | undefined {
  if (label === 'bad_credentials' && draw() < Math.max(0.05, affected))
    return { ok: false, status: 407, error: 'http_request_denied', stage: 'select' }
  if (label === 'gateway_overloaded' && draw() < Math.max(0.05, affected)) {
    return { ok: false, status: 503, error: 'connection_limit_reached', stage: 'select' }
  }
  return undefined
}

function unrelated({ unrelated: kinds }: Case, draw: Draw): End | undefined {
  const ends = { reset: reset('response_head'), timeout: late, busy: answered(503), truncated: cut }
  let x = draw()
  for (const kind of ['reset', 'timeout', 'busy', 'truncated'] as const) {
    if (x < kinds[kind]) return ends[kind]
    x -= kinds[kind]
  }
  return undefined
}

const blocking: Record<string, End> = {
  reset: reset('tls'),
  close: reset('tls'),
  drop: { ok: false, error: 'connection_timeout', stage: 'tls', ms: CONNECT_LIMIT_MS },
  alert: { ok: false, error: 'tls_alert_received', stage: 'tls', ms: 1 },
  garbage: { ok: false, error: 'tls_protocol_error', stage: 'tls', ms: 1 },
  403: answered(403),
  429: answered(429),
}
const downs: Record<string, End> = {
  refused: { ok: false, error: 'connection_refused', stage: 'connect', ms: 0.3 },
  blackhole: { ok: false, error: 'connection_timeout', stage: 'connect', ms: CONNECT_LIMIT_MS },
  reset: reset('tls'),
  close: reset('tls'),
}

function wrong(one: Case, exit: number, exits: readonly Exit[], profile: string, draw: Draw): End | undefined {
  const subnet = Number(exits[exit]!.subnet.split('.')[2]) - 1
  const hit = {
    exit_block: one.blocked.includes(exit),
    subnet_block: one.blocked.includes(subnet),
    fingerprint_block: profile === one.profiles[one.blocked[0] ?? 0]?.name,
  }[one.label as 'exit_block']
  if (hit) return blocking[one.manner]
  if (one.label === 'origin_down') return downs[one.manner]
  if (one.label === 'edge_error' && draw() < edgeShareOf(one)) return answered(one.manner === 'late' ? 504 : 502)
  return undefined
}

const pickProfile = ({ profiles }: Case, draw: Draw): string => {
  const x = draw()
  return (x < profiles[0]!.share ? profiles[0]! : profiles.at(-1)!).name
}

const serviceMs = (draw: Draw): number =>
  SERVICE_MS * Math.exp(0.2 * Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(6.283 * draw()))

/** Now and then the machine itself is late. */
function steadyWork(draw: Draw): (at: number) => End {
  return () => ({ ok: true, status: 200, ms: serviceMs(draw) * (draw() < 0.05 ? 4 : 1) })
}

/** One queue before a few workers, slower than requests come in. */
function overloadedWork(one: Case, draw: Draw): (at: number) => End {
  const { workers, service_ms: service, queue: waiting } = overloadOf(one)
  const free: number[] = Array.from({ length: workers }, () => 0)
  const queued: number[] = []
  return (at) => {
    while (queued.length > 0 && queued[0]! <= at) queued.shift()
    if (queued.length >= waiting) return one.manner === 'reset' ? reset('response_head') : answered(503)
    free.sort((a, b) => a - b)
    const begins = Math.max(at, free[0]!)
    free[0] = begins + service * (0.7 + 0.6 * draw())
    queued.push(begins)
    const ms = free[0] - at
    return ms > READ_LIMIT_MS ? late : { ok: true, status: 200, ms }
  }
}
