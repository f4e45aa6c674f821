/**
 * What happens to the members of an Apache balancer: drawn from a seed, then played at Apache and in the core alike. It
 * knows neither. Times are none: a server in error state stays there for the whole timeline, or for no time at all.
 */
import { chanceFrom, type Draw } from '../../../src/lib/random.js'
import type { Fate } from '../order/timeline.js'

export interface TimelineServer {
  weight: number
  backup: boolean
  down: boolean
  /** Nobody listens there, ever. */
  dead: boolean
  max_conns: number
  /**
   * It leaves its error state at once. Within one request that depends on microseconds: so only one that has no reason to
   * fail but its answers is ever so.
   */
  forgiven: boolean
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

export interface Timeline {
  id: string
  /** Undefined: Apache's default. */
  max_attempts: number | undefined
  force_recovery: boolean
  fail_on_status: number[]
  servers: TimelineServer[]
  steps: Step[]
}

export function drawTimeline(seed: number, number: number): Timeline {
  const draw = chanceFrom(seed).stream(`apache/${number}`)
  const servers = drawServers(draw)
  return {
    id: `t${number}`,
    max_attempts: chance(draw, 0.5) ? undefined : oneOf(draw, [0, 1, 2, 3, 5]),
    force_recovery: chance(draw, 0.7),
    fail_on_status: chance(draw, 0.3) ? [500, 503] : [],
    servers,
    steps: drawSteps(draw, servers.length),
  }
}

const chance = (draw: Draw, share: number): boolean => draw() < share
const oneOf = <T>(draw: Draw, values: readonly T[]): T => values[Math.floor(draw() * values.length)]!

const drawServers = (draw: Draw): TimelineServer[] =>
  Array.from({ length: oneOf(draw, [1, 2, 2, 3, 3, 3, 4, 5]) }, (_, index) => {
    const dead = chance(draw, 0.25)
    const max_conns = chance(draw, 0.2) ? oneOf(draw, [1, 2]) : 0
    return {
      weight: oneOf(draw, [1, 1, 1, 2, 3, 5]),
      backup: index > 0 && chance(draw, 0.25),
      down: index > 0 && chance(draw, 0.08),
      dead,
      max_conns,
      forgiven: !dead && max_conns === 0 && chance(draw, 0.3),
    }
  })

/** Not what begins no head: that is passed on as HTTP/0.9. */
const FAILING: readonly Fate[] = ['close', 'close', 'reset', 'partial', 500, 502, 503, 503, 404]

function drawSteps(draw: Draw, servers: number): Step[] {
  const steps: Step[] = []
  const held: number[] = []
  const state: Fate[] = Array.from({ length: servers }, () => 200)
  for (let n = 0; n < 24; n++) {
    for (let server = 0; server < servers; server++) {
      if (chance(draw, 0.12)) state[server] = chance(draw, 0.5) ? 200 : oneOf(draw, FAILING)
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
