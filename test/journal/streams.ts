/** Streams of events as a client, a proxy and an origin would write them, for the tests of metrics and of the ledger. */
import type { AttemptEvent, JournalEvent, RequestEvent, ServedEvent } from '../../src/journal/events.js'
import type { Ways } from '../../src/journal/ledger/ways.js'
import type { ClientMetrics } from '../../src/journal/metrics/index.js'
import { createReduction, type Facts, type ReductionOptions } from '../../src/journal/reduce.js'
import * as make from './events.js'
import { oneTry } from './events.js'

export const APP = '127.0.0.1:7001'
export const LB = '127.0.0.1:7002'

/** plain → lb → app1, and direct → app1. */
export const ways: Ways = {
  readers: { app1: true, lb: true },
  through: { 'lb->app1': 'app1', wall: 'app1' },
  clients: { plain: { to: ['lb'], tells: true }, direct: { to: ['app1'], tells: true } },
  behindStranger: [],
}

export const hops: JournalEvent[] = [
  { event: 'hop', t: 0, hop: 'app1', kind: 'origin', address: APP },
  { event: 'hop', t: 0, hop: 'lb', kind: 'proxy', address: LB },
]

/** From `at` for `ms`: what a client tells of an attempt straight at the origin. */
export const attempt = (n: number, at: number, ms: number, more: Partial<AttemptEvent> = {}): AttemptEvent =>
  make.attempt({
    client: 'direct',
    request: 'direct-1',
    address: APP,
    attempt: n,
    t: at + ms,
    ms,
    status: 200,
    ...more,
  })

/** What the origin tells of it. */
export const served = (at: number, ms: number, more: Partial<ServedEvent> = {}): ServedEvent =>
  make.served({ request: 'direct-1', t: at + ms, ms, status: 200, ...more })

export const request = (at: number, ms: number, more: Partial<RequestEvent> = {}): RequestEvent =>
  make.request({ client: 'direct', request: 'direct-1', t: at + ms, ms, status: 200, ...more })

/** Request n of `plain` with one attempt, through the proxy, and no more than that. */
export function proxied(n: number): JournalEvent[] {
  const id = `plain-${n}`
  return [
    make.served({ request: id, status: 200 }),
    make.forward({ request: id, status: 200, tries: [oneTry({ address: APP, status: 200 })] }),
    make.attempt({ request: id, address: LB, status: 200 }),
    make.request({ request: id, status: 200 }),
  ]
}

export function judged(events: readonly JournalEvent[], options: ReductionOptions = { ways }): Facts {
  const reduction = createReduction([], options)
  for (const event of [...hops, ...events]) reduction.add(event)
  return reduction.facts
}

export const metricsOf = (
  events: readonly JournalEvent[],
  client = 'direct',
  options?: ReductionOptions,
): ClientMetrics => judged(events, options).clients.get(client)!.metrics
