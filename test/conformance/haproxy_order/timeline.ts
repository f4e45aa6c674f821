/**
 * What happens to the servers of a HAProxy backend: drawn from a seed, then played at HAProxy, at the mini proxy and in the
 * core alike. It knows none of them.
 */
import { chanceFrom, type Draw } from '../../../src/lib/random.js'
import type { Fate } from '../order/timeline.js'

export const balances = ['roundrobin', 'leastconn'] as const

export interface TimelineServer {
  weight: number
  backup: boolean
  /** Nobody listens there, ever. */
  dead: boolean
  max_conns: number
}

export interface Ask {
  do: 'ask'
  /** At each server. */
  fates: Fate[]
  /** A server that answers 200 keeps the request until it is released. */
  hold: boolean
}
export type Step =
  | Ask
  /** The step that asked. */
  | { do: 'release'; step: number }
  /** A server is taken out, or comes back. */
  | { do: 'turn'; server: number; up: boolean }

export interface Timeline {
  id: string
  balance: (typeof balances)[number]
  retries: number
  retry_on: (string | number)[]
  redispatch: number
  all_backups: boolean
  /** What errors of requests lead to; undefined: nothing. */
  observe?:
    | { layer: 'layer4' | 'layer7'; limit: number; on_error: 'mark-down' | 'sudden-death' | 'fail-check' }
    | undefined
  servers: TimelineServer[]
  steps: Step[]
}

export function drawTimeline(seed: number, number: number): Timeline {
  const draw = chanceFrom(seed).stream(`haproxy/${number}`)
  const servers = drawServers(draw)
  return {
    id: `t${number}`,
    balance: balances[number % balances.length]!,
    retries: oneOf(draw, [3, 3, 3, 0, 1, 2, 4]),
    retry_on: drawRetryOn(draw),
    redispatch: oneOf(draw, [0, 0, -1, -1, 1, 2, 3]),
    all_backups: chance(draw, 0.3),
    observe: chance(draw, 0.35)
      ? {
          layer: oneOf(draw, ['layer4', 'layer7', 'layer7']),
          limit: oneOf(draw, [1, 2, 2, 3]),
          on_error: oneOf(draw, ['mark-down', 'mark-down', 'sudden-death', 'fail-check']),
        }
      : undefined,
    servers,
    steps: drawSteps(draw, servers.length),
  }
}

const chance = (draw: Draw, share: number): boolean => draw() < share
const oneOf = <T>(draw: Draw, values: readonly T[]): T => values[Math.floor(draw() * values.length)]!

const drawServers = (draw: Draw): TimelineServer[] =>
  Array.from({ length: oneOf(draw, [1, 2, 2, 3, 3, 3, 4, 5]) }, (_, index) => ({
    weight: oneOf(draw, [1, 1, 1, 2, 3, 5]),
    backup: index > 0 && chance(draw, 0.25),
    dead: chance(draw, 0.12),
    max_conns: chance(draw, 0.2) ? oneOf(draw, [1, 2]) : 0,
  }))

function drawRetryOn(draw: Draw): (string | number)[] {
  if (chance(draw, 0.1)) return ['none']
  if (chance(draw, 0.2)) return ['all-retryable-errors']
  const likely: [string | number, number][] = [
    ['conn-failure', 0.8],
    ['empty-response', 0.5],
    ['junk-response', 0.4],
    [404, 0.3],
    [500, 0.3],
    [503, 0.5],
  ]
  const drawn = likely.filter(([, share]) => chance(draw, share)).map(([word]) => word)
  return drawn.length > 0 ? drawn : ['conn-failure']
}

const FAILING: readonly Fate[] = ['close', 'close', 'junk', 'reset', 'partial', 500, 501, 502, 503, 503, 404]

function drawSteps(draw: Draw, servers: number): Step[] {
  const steps: Step[] = []
  const held: number[] = []
  const state: Fate[] = Array.from({ length: servers }, () => 200)
  const up = state.map(() => true)
  for (let n = 0; n < 24; n++) {
    for (let server = 0; server < servers; server++) {
      if (chance(draw, 0.12)) state[server] = chance(draw, 0.5) ? 200 : oneOf(draw, FAILING)
      if (servers === 1 || !chance(draw, 0.05)) continue
      up[server] = !up[server]
      steps.push({ do: 'turn', server, up: up[server]! })
    }
    if (held.length > 0 && chance(draw, 0.35)) {
      const [step] = held.splice(Math.floor(draw() * held.length), 1)
      steps.push({ do: 'release', step: step! })
    }
    const hold = chance(draw, 0.3)
    if (hold) held.push(steps.length)
    steps.push({ do: 'ask', fates: state.map((fate) => (chance(draw, 0.05) ? oneOf(draw, FAILING) : fate)), hold })
  }
  for (const step of held) steps.push({ do: 'release', step })
  return steps
}
