/**
 * What became of the exits of each gateway: who was used, who was burned, what was decided, how long targets were paused.
 * The reducer calls it; the table of metrics is the one source of their names, units and definitions.
 */
import type { DecisionEvent, ForwardEvent, PauseEvent, QuarantineEvent } from './events.js'
import { type Counts, createTally } from './tally.js'

export const gatewayMetrics = {
  gateway_tries: { unit: 'count', says: 'Tries through exits' },
  exits_used: { unit: 'count', says: 'Exits through which anything was tried' },
  exit_share_max: {
    unit: 'share',
    says: 'Of the tries, the share of the exit that had the most',
    none: 'without tries',
  },
  exit_failed_share_max: {
    unit: 'share',
    says: 'Of the tries of one exit, the share that failed, at the exit where it is the highest',
    none: 'without tries',
  },
  exits_burned: {
    unit: 'count',
    says: 'Exits of which the last try was cut off before a byte of a response, or refused with a 403, whatever was decided of it',
  },
  exits_quarantined: { unit: 'count', says: 'Exits that were in quarantine for any target' },
  profiles_quarantined: { unit: 'count', says: 'TLS profiles that were in quarantine for any target' },
  quarantines: { unit: 'count', says: 'How often anything went into quarantine' },
  burn_rate: {
    unit: 'number',
    says: 'Blocks in the window of the strategy per exit that is left for the target, at its highest',
  },
  pauses: { unit: 'count', says: 'How often a target was paused' },
  resumes: { unit: 'count', says: 'How often a target was open again' },
  time_to_pause_ms: {
    unit: 'duration',
    says: 'From the first of the failures that led to a pause to the pause, at most',
    none: 'without a pause',
  },
  time_to_resume_ms: {
    unit: 'duration',
    says: 'From a pause to the end of it, at most',
    none: 'without a pause that ended',
  },
} as const satisfies Record<string, { unit: 'count' | 'number' | 'share' | 'duration'; says: string; none?: string }>

export type GatewayMetric = keyof typeof gatewayMetrics
export const gatewayMetricNames = Object.keys(gatewayMetrics) as GatewayMetric[]

export interface GatewayFacts {
  metrics: GatewayMetrics
  /** Decisions about failed tries, by what was done. */
  strategies: Counts
  /** By what the failure was taken for. */
  heuristics: Counts
}

export type GatewayMetrics = Record<GatewayMetric, number | null>

/** Of one gateway. */
export function createGatewayFold() {
  const [strategies, heuristics] = [createTally(), createTally()]
  const exits = new Map<string, { tries: number; failed: number; burned: boolean }>()
  const [burned, profiles] = [new Set<string>(), new Set<string>()]
  const times = createPauseTimes()
  let [tries, quarantines, burnRate] = [0, 0, 0]
  return {
    forward(event: Pick<ForwardEvent, 'tries'>) {
      for (const { exit, failure, status = 0 } of event.tries) {
        if (exit === undefined) continue
        const known = exits.get(exit) ?? { tries: 0, failed: 0, burned: false }
        known.burned = status === 403 || failure?.type === 'connection_terminated'
        known.tries++
        if (failure || status >= 500) known.failed++
        exits.set(exit, known)
        tries++
      }
    },
    decision(event: DecisionEvent) {
      strategies.add(event.strategy)
      heuristics.add(event.heuristic)
    },
    quarantine({ exit, profile, burn_rate }: QuarantineEvent) {
      quarantines++
      if (exit !== undefined) burned.add(exit)
      if (profile !== undefined) profiles.add(profile)
      burnRate = Math.max(burnRate, burn_rate)
    },
    pause: (event: PauseEvent) => times.pause(event),
    facts(): GatewayFacts {
      const shares = [...exits.values()]
      return {
        metrics: {
          gateway_tries: tries,
          exits_used: exits.size,
          exit_share_max: tries > 0 ? Math.max(...shares.map((one) => one.tries)) / tries : null,
          exit_failed_share_max: tries > 0 ? Math.max(...shares.map((one) => one.failed / one.tries)) : null,
          exits_burned: shares.filter((one) => one.burned).length,
          exits_quarantined: burned.size,
          profiles_quarantined: profiles.size,
          quarantines,
          burn_rate: burnRate,
          ...times.facts(),
        },
        strategies: strategies.counts(),
        heuristics: heuristics.counts(),
      }
    },
  }
}

/** When targets were paused and open again. */
function createPauseTimes() {
  const paused = new Map<string, number>()
  let [pauses, resumes] = [0, 0]
  let toPause: number | null = null
  let toResume: number | null = null
  return {
    pause({ t, target, state, since_ms = 0 }: PauseEvent) {
      if (state === 'paused') {
        pauses++
        paused.set(target, t)
        toPause = Math.max(toPause ?? 0, since_ms)
      } else {
        resumes++
        toResume = Math.max(toResume ?? 0, t - (paused.get(target) ?? t))
      }
    },
    facts: () => ({ pauses, resumes, time_to_pause_ms: toPause, time_to_resume_ms: toResume }),
  }
}
