/** Events with everything that a test does not care about filled in. */
import type { Failure } from '../../src/core/failure.js'
import type {
  AttemptEvent,
  CheckEvent,
  DecisionEvent,
  FaultEvent,
  ForwardEvent,
  JournalEvent,
  LogEvent,
  PauseEvent,
  QuarantineEvent,
  RequestEvent,
  ServedEvent,
  ServerEvent,
  ServerTurn,
  Try,
  WafEvent,
} from '../../src/journal/events.js'
import { createReduction, type Facts } from '../../src/journal/reduce.js'

export const resetFailure: Failure = {
  type: 'connection_terminated',
  stage: 'response_head',
  manner: 'reset',
  details: 'connection reset before any byte of a response',
}
export const refusedFailure: Failure = {
  type: 'connection_refused',
  stage: 'connect',
  manner: 'refused',
  details: 'connection refused',
}

export const fault = (id: string): FaultEvent => ({
  event: 'fault',
  t: 1,
  fault: id,
  hop: 'app1',
  at: 'request_head',
  effect: 'reset',
})

export const accepting = (accepting: boolean): JournalEvent => ({ event: 'accepting', t: 1, hop: 'app1', accepting })

export const connection = (hop: string): JournalEvent => ({ event: 'connection', t: 1, hop, peer: '127.0.0.1:1' })

export const waf = (more: Partial<WafEvent>): WafEvent => ({
  event: 'waf',
  t: 1,
  hop: 'wall',
  peer: '127.0.0.1:1',
  rule: 'bots',
  action: 'reset',
  ...more,
})

export const served = (more: Partial<ServedEvent> = {}): ServedEvent => ({
  event: 'served',
  t: 1,
  hop: 'app1',
  peer: '127.0.0.1:1',
  request: 'r1',
  method: 'GET',
  path: '/',
  ordinal: 1,
  request_bytes: 0,
  outcome: 'answered',
  ms: 1,
  ...more,
})

/** @param applied the n-th time */
export const operation = (applied: number): JournalEvent => ({
  event: 'operation',
  t: 1,
  hop: 'app1',
  request: 'r1',
  key: 'k1',
  applied,
})

export const oneTry = (more: Partial<Try> = {}): Try => ({
  server: 'app1',
  address: '127.0.0.1:2',
  reused: false,
  tls: false,
  ms: 1,
  response_bytes: 0,
  ...more,
})

export const forward = (more: Partial<ForwardEvent> = {}): ForwardEvent => ({
  event: 'forward',
  t: 1,
  hop: 'lb',
  request: 'r1',
  method: 'GET',
  path: '/',
  tries: [oneTry()],
  ms: 1,
  ...more,
})

export const healthCheck = (result: CheckEvent['result'] = 'passed', more: Partial<CheckEvent> = {}): CheckEvent => ({
  event: 'check',
  t: 1,
  hop: 'lb',
  server: 'app1',
  address: '127.0.0.1:2',
  result,
  ms: 1,
  ...more,
})

export const decision = (more: Partial<DecisionEvent> = {}): DecisionEvent => ({
  event: 'decision',
  t: 1,
  hop: 'gw',
  request: 'r1',
  target: 'shop.test:443',
  exit: '127.11.1.1',
  n: 1,
  failed_status: 502,
  failure: 'tcp_connection_reset',
  heuristic: 'waf_stealth_block',
  strategy: 'rotate_ip_and_fingerprint',
  profile: 'node',
  quarantined: false,
  ...more,
})

export const quarantine = (more: Partial<QuarantineEvent> = {}): QuarantineEvent => ({
  event: 'quarantine',
  t: 1,
  hop: 'gw',
  target: 'shop.test:443',
  exit: '127.11.1.1',
  for_ms: 300_000,
  why: 'waf_stealth_block',
  burn_rate: 0.25,
  ...more,
})

export const pause = (state: PauseEvent['state'], t: number, more: Partial<PauseEvent> = {}): PauseEvent => ({
  event: 'pause',
  t,
  hop: 'gw',
  target: 'shop.test:443',
  state,
  why: state === 'paused' ? 'fleet_wide_spike' : 'probe_passed',
  ...more,
})

export const turned = (state: ServerTurn, more: Partial<ServerEvent> = {}): ServerEvent => ({
  event: 'server',
  t: 1,
  hop: 'lb',
  server: 'app1',
  state,
  ...more,
})

export const log = (line: string, hop = 'lb'): LogEvent => ({ event: 'log', t: 1, hop, level: 'error', line })

export const attempt = (more: Partial<AttemptEvent> = {}): AttemptEvent => ({
  event: 'attempt',
  t: 1,
  client: 'plain',
  request: 'r1',
  attempt: 1,
  address: '127.0.0.1:1',
  reused: false,
  tls: false,
  bytes: 0,
  decision: 'success',
  ms: 1,
  ...more,
})

export const request = (more: Partial<RequestEvent> = {}): RequestEvent => ({
  event: 'request',
  t: 1,
  client: 'plain',
  request: 'r1',
  attempts: 1,
  ok: true,
  ms: 1,
  ...more,
})

export const times = <Event extends JournalEvent>(count: number, event: Event): Event[] => Array(count).fill(event)

export function reduce(events: readonly JournalEvent[], untold: readonly string[] = []): Facts {
  const reduction = createReduction(untold)
  for (const event of events) reduction.add(event)
  return reduction.facts
}
