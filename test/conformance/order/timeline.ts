/**
 * What happens to a group of servers over some seconds: drawn from a seed, then played at nginx, at the mini proxy and
 * in the core alike. It knows neither of them.
 */
import type { NextUpstreamCondition } from '../../../src/core/proxy/forward.js'
import { chanceFrom, type Draw } from '../../../src/lib/random.js'

export const kinds = ['round_robin', 'least_conn', 'ip_hash', 'hash', 'consistent_hash'] as const
export type Kind = (typeof kinds)[number]

/** What becomes of a request at a server: a status, an end without one, or a response that is none. */
export type Fate = number | 'close' | 'invalid' | 'reset' | 'partial' | 'junk'

export interface TimelineServer {
  weight: number
  max_fails: number
  /** Seconds. */
  fail_timeout: number
  backup: boolean
  down: boolean
  max_conns: number
  /** Nobody listens there, ever. */
  dead: boolean
}

export interface Ask {
  do: 'ask'
  /** In which second, from the timeline's first. */
  second: number
  client: string
  path: string
  method: 'GET' | 'POST'
  /** At each server. */
  fates: Fate[]
  /** A server that answers 200 keeps the request until it is released. */
  hold: boolean
}
export interface Release {
  do: 'release'
  second: number
  /** The step that asked. */
  step: number
}
export type Step = Ask | Release

export interface Timeline {
  id: string
  kind: Kind
  /** Of the two hashes. */
  key: string
  nextUpstream: NextUpstreamCondition[]
  tries: number
  servers: TimelineServer[]
  steps: Step[]
}

/** The last second in which something happens. */
export const LAST_SECOND = 7

export function drawTimeline(seed: number, number: number): Timeline {
  const draw = chanceFrom(seed).stream(`timeline/${number}`)
  const kind = kinds[number % kinds.length]!
  const servers = drawServers(draw, kind)
  return {
    id: `t${number}`,
    kind,
    key: oneOf(draw, ['$arg_k', '$request_uri', '$http_x_key', '$remote_addr$arg_k', '$binary_remote_addr']),
    nextUpstream: drawConditions(draw),
    tries: oneOf(draw, [0, 0, 0, 1, 2, 3]),
    servers,
    steps: drawSteps(draw, kind, servers.length),
  }
}

const chance = (draw: Draw, share: number): boolean => draw() < share
const upTo = (draw: Draw, most: number): number => Math.floor(draw() * (most + 1))
const oneOf = <T>(draw: Draw, values: readonly T[]): T => values[Math.floor(draw() * values.length)]!

function drawServers(draw: Draw, kind: Kind): TimelineServer[] {
  // nginx has no backups for hashes.
  const backups = kind === 'round_robin' || kind === 'least_conn'
  return Array.from({ length: oneOf(draw, [1, 2, 2, 3, 3, 3, 4, 5]) }, (_, index) => ({
    weight: oneOf(draw, [1, 1, 1, 2, 3, 5]),
    max_fails: oneOf(draw, [0, 1, 1, 1, 2, 3, 7]),
    fail_timeout: oneOf(draw, [1, 1, 2, 3]),
    backup: backups && index > 0 && chance(draw, 0.25),
    down: chance(draw, 0.07),
    max_conns: chance(draw, 0.25) ? 1 + upTo(draw, 1) : 0,
    dead: chance(draw, 0.08),
  }))
}

function drawConditions(draw: Draw): NextUpstreamCondition[] {
  if (chance(draw, 0.08)) return []
  const likely: [NextUpstreamCondition, number][] = [
    ['error', 0.9],
    ['timeout', 0.5],
    ['invalid_header', 0.5],
    ['http_500', 0.4],
    ['http_502', 0.3],
    ['http_503', 0.6],
    ['http_504', 0.2],
    ['http_403', 0.3],
    ['http_404', 0.4],
    ['http_429', 0.3],
    ['non_idempotent', 0.3],
  ]
  return likely.filter(([, share]) => chance(draw, share)).map(([condition]) => condition)
}

const FAILING: readonly Fate[] = ['close', 'close', 'close', 'invalid', 500, 502, 503, 503, 504, 403, 404, 429]

function drawSteps(draw: Draw, kind: Kind, servers: number): Step[] {
  const steps: Step[] = []
  const held: number[] = []
  const holds = kind === 'least_conn' ? 0.45 : 0.1
  const clients = Array.from({ length: 4 }, () => `127.${upTo(draw, 255)}.${upTo(draw, 255)}.${1 + upTo(draw, 253)}`)
  const state: Fate[] = Array.from({ length: servers }, () => 200)
  for (let second = 0; second <= LAST_SECOND; second++) {
    for (let server = 0; server < servers; server++) {
      if (chance(draw, 0.35)) state[server] = chance(draw, 0.5) ? 200 : oneOf(draw, FAILING)
    }
    // Some seconds pass without a request.
    const asks = chance(draw, 0.3) ? 0 : 1 + upTo(draw, 4)
    for (let n = 0; n < asks; n++) {
      if (held.length > 0 && chance(draw, 0.35)) {
        const [step] = held.splice(upTo(draw, held.length - 1), 1)
        steps.push({ do: 'release', second, step: step! })
      }
      const hold = chance(draw, holds)
      if (hold) held.push(steps.length)
      const key = chance(draw, 0.1) ? '' : `?k=${upTo(draw, 12)}`
      steps.push({
        do: 'ask',
        second,
        client: oneOf(draw, clients),
        path: `/${key}`,
        method: chance(draw, 0.15) ? 'POST' : 'GET',
        fates: state.map((fate) => (chance(draw, 0.07) ? oneOf(draw, FAILING) : fate)),
        hold,
      })
    }
  }
  for (const step of held) steps.push({ do: 'release', second: LAST_SECOND, step })
  return steps
}
