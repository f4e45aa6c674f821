/**
 * What the gateways of a run saw, read off their own entries in its journal, and nothing but theirs; and, apart from that, what
 * really became of their attempts, for the tables of single rules.
 */

import type { Observation } from '../../src/core/gateway/observation.js'
import { isOk } from '../../src/core/gateway/signs.js'
import type { JournalEvent } from '../../src/journal/events.js'
import type { Case } from './cases.js'
import { exitsOf } from './cases.js'
import type { Truth } from './judge.js'
import { BROWSER, gatewayName } from './scenario.js'

type Forward = Extract<JournalEvent, { event: 'forward' }>
type Try = Forward['tries'][number]

/** Our end of the connection that an attempt went over: what others journaled of it says what became of it. */
const locals = new WeakMap<Observation, string>()

export function observationsOf(one: Case, events: readonly JournalEvent[]): Observation[] {
  const gateways = new Set(one.profiles.map((_, n) => gatewayName(n)))
  const networks = new Map(exitsOf(one).map((exit) => [exit.id, exit]))
  return events.flatMap((event) => {
    if (event.event !== 'forward' || !gateways.has(event.hop)) return []
    if (event.tries.length === 0) return event.failure ? [refused(event)] : []
    // Where the client left before anything came, there is nothing that anybody saw.
    const ended = event.tries.filter(({ status, failure }) => status !== undefined || failure !== undefined)
    return ended.map((tried) => seen(event, tried, networks))
  })
}

const TARGET = 'wall.test'

/** Our own gateway let it go no further. */
function refused({ t, ms, status, failure }: Forward): Observation {
  return {
    ...{ t, ms, target: TARGET, exit: '', subnet: '', tag: '', profile: '', ok: false },
    ...(status !== undefined && { status }),
    ...(failure && { error: failure.type, stage: failure.stage }),
  }
}

function seen({ t }: Forward, tried: Try, networks: ReadonlyMap<string, { subnet: string; tag: string }>): Observation {
  const { exit = '', profile = '', status, failure, ms, software, proxy_error } = tried
  const { subnet = '', tag = '' } = networks.get(exit) ?? {}
  const observation: Observation = {
    ...{ t, ms, target: TARGET, exit, subnet, tag, profile },
    ok: failure === undefined && status !== undefined && isOk(status),
    ...(status !== undefined && { status }),
    ...(software !== undefined && { server: software }),
    ...(proxy_error !== undefined && { proxy_error }),
    ...(failure && { error: failure.type, stage: failure.stage }),
  }
  if (tried.local !== undefined) locals.set(observation, tried.local)
  return observation
}

/** The firewall did as its rule says. */
const blockedPeer = (event: { event: string; rule?: string; peer?: string }): string[] =>
  event.event === 'waf' && event.rule === 'blocks' && event.peer !== undefined ? [event.peer] : []

/** What really made an attempt fail: the firewall's rule, something behind the edge, or anything else. */
export function truthOf(one: Case, events: readonly JournalEvent[]): (seen: Observation) => Truth {
  const blocked = new Set(events.flatMap(blockedPeer))
  return (seen) => {
    if (blocked.has(locals.get(seen) ?? '')) return 'firewall'
    return one.edge && seen.status === 502 && seen.error === undefined ? 'behind_edge' : 'other'
  }
}

/** Requests of the browser, which asked without a gateway. */
export function browserOf(events: readonly JournalEvent[]): { requests: number; ok: number } {
  const requests = events.filter((event) => event.event === 'request' && event.client === BROWSER)
  return {
    requests: requests.length,
    ok: requests.filter((event) => event.event === 'request' && event.status === 200).length,
  }
}

/** How often what the label says took effect: rules of the firewall, faults, refusals; 0 makes the label untrue. */
export function effectsOf(one: Case, events: readonly JournalEvent[], observations: readonly Observation[]): number {
  const refusals = (error: string) => observations.filter((seen) => seen.exit === '' && seen.error === error).length
  switch (one.label) {
    case 'none':
      return 1
    case 'gateway_overloaded':
      return refusals('connection_limit_reached')
    case 'bad_credentials':
      return refusals('http_request_denied')
    case 'origin_overloaded':
      return events.filter((event) => event.event === 'served' && event.outcome !== 'answered' && event.hop === 'shop')
        .length
    case 'origin_down':
    case 'edge_error':
      return events.filter((event) => event.event === 'fault' && event.fault === 'wrong').length
    default:
      return events.flatMap(blockedPeer).length
  }
}
