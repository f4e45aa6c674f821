import { z } from 'zod'
import { duration, share } from '../../../lib/quantity.js'
import { kindSchema } from '../../../lib/registry.js'
import { diagnose, procedures } from '../diagnosis/index.js'
import type { Observation } from '../observation.js'
import { type Heuristic, isBlock, publicEdges, type Sign, signOf } from '../signs.js'
import { answer, attempts, type Decision, rotated, type StrategyFacts } from './strategy.js'

const spikeSchema = z.strictObject({
  share: share().prefault('80%').meta({ description: 'So many of the last tries failed' }),
  tries: z
    .int()
    .min(2)
    .max(1000)
    .default(10)
    .meta({ description: 'How many are the last tries; fewer while there are no more' }),
  exits: z
    .int()
    .min(1)
    .max(5000)
    .default(5)
    .meta({ description: 'Through so many exits at least; through all, where there are fewer' }),
})

const schema = z.strictObject({
  type: z.literal('context_aware'),
  attempts: attempts(5),
  quarantine: duration().prefault('5m').meta({ description: 'How long a target gets nothing through what it blocks' }),
  base: duration().prefault('1s').meta({ description: 'Before try n + 1 it waits 2^n times this, and jitter' }),
  cap: duration().prefault('60s').meta({ description: 'It never waits longer, jitter apart' }),
  jitter: duration().prefault('1s').meta({ description: 'The jitter is drawn from 0 to this' }),
  edges: z
    .array(z.string().toLowerCase())
    .default(publicEdges)
    .meta({ description: 'How the Server headers of public edges begin' }),
  window: duration().prefault('60s').meta({ description: 'How far it looks back' }),
  diagnosis: kindSchema(procedures, 'procedure').optional().meta({
    description: 'Ask this procedure about all tries in the window before a single one is judged by its signs',
  }),
  burned_profile: z
    .int()
    .min(2)
    .max(1000)
    .default(3)
    .meta({ description: 'A TLS profile that is blocked at so many exits, and passes at none, goes into quarantine' }),
  spike: spikeSchema.prefault({}).meta({ description: 'What is taken for trouble at the target, not of exits' }),
  pause: duration().prefault('30s').meta({ description: 'How long nothing is sent to a target after a spike' }),
  probes: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .meta({ description: 'So many must go well in a row, one at a time, for a pause to be over' }),
})

export type ContextAware = z.output<typeof schema>

/** `scraping-glossary` (docs/sources.md): T = 2^attempt + jitter, with the quarantine and the rotation of its gateway. */
export const context_aware = {
  summary: 'a block: quarantine and rotate; a struggling origin: back off; trouble everywhere: pause the target',
  schema,
  decide(config: ContextAware, facts: StrategyFacts): Decision {
    const { seen } = facts
    if (seen.ok) return answer('not_evaluated')
    const bounded = (decision: Decision): Decision =>
      facts.n < config.attempts ? decision : { ...decision, do: 'answer', strategy: 'answer' }
    const spike = spikeIn(config, facts)
    if (spike) return bounded(paused(config, facts, spike))
    return bounded(config.diagnosis ? byDiagnosis(config, facts) : bySign(config, facts))
  },
} as const

/**
 * The last tries, if nearly all failed, through many exits: that is not the exits' fault; nor the fingerprint's, once every
 * profile has failed.
 */
function spikeIn({ spike }: ContextAware, { recent, pool, all }: StrategyFacts): readonly Observation[] | undefined {
  const last = recent.slice(-spike.tries)
  const failed = last.filter(({ ok }) => !ok)
  const everyProfile = pool.profiles.every((name) => failed.some(({ profile }) => profile === name))
  return everyProfile && failed.length >= spike.share * last.length && isBroad(spike, all, failed) ? failed : undefined
}

/** Through one exit alone nothing can be told of others, and through those of one network nothing of other networks. */
function isBroad({ exits }: ContextAware['spike'], all: StrategyFacts['all'], failed: readonly Observation[]): boolean {
  const met = new Set(failed.map(({ exit }) => exit)).size
  const networks = new Set(failed.map(({ subnet }) => subnet)).size
  const several = new Set(all.exits.map(({ subnet }) => subnet)).size > 1
  return met >= Math.min(exits, all.exits.length) && met > 1 && (networks > 1 || !several)
}

/** Whoever failed in the window was not to blame. */
function paused(config: ContextAware, { recent, now_ms }: StrategyFacts, failed: readonly Observation[]): Decision {
  const pardon = [...new Set(recent.filter(({ ok }) => !ok).map(({ exit }) => exit))]
  const since_ms = now_ms - Math.min(...failed.map(({ t }) => t))
  const pause = { for_ms: config.pause, probes: config.probes, pardon, since_ms }
  const again = { do: 'again', after_ms: config.pause, exit: 'any', profile: 'same' } as const
  return { ...again, pause, heuristic: 'fleet_wide_spike', strategy: 'pause_target' }
}

function bySign(config: ContextAware, facts: StrategyFacts): Decision {
  const sign: Sign = signOf(facts.seen, config.edges)
  switch (sign) {
    case 'waf_stealth_block':
    case 'explicit_block':
      return blocked(config, facts, sign)
    case 'rate_limited':
      return { ...backOff(config, facts, sign), exit: 'other' } as Decision
    case 'exit_failure':
      return rotated({ exit: 'other', profile: 'same' }, sign)
    default:
      return backOff(config, facts, sign)
  }
}

/** Which of the two it is, exit or fingerprint, one failure does not tell: both are changed. */
function blocked(config: ContextAware, facts: StrategyFacts, heuristic: Heuristic): Decision {
  const { seen } = facts
  const profiles = isBurned(config, facts) ? [seen.profile] : []
  const quarantine = { exits: [seen.exit], profiles, for_ms: config.quarantine }
  const profile = otherProfile(facts)
  return rotated({ exit: 'elsewhere', profile }, profiles.length > 0 ? 'fingerprint_block' : heuristic, { quarantine })
}

function isBurned({ burned_profile }: ContextAware, { seen, recent, pool }: StrategyFacts): boolean {
  if (!pool.profiles.some((name) => name !== seen.profile)) return false
  const such = recent.filter(({ profile }) => profile === seen.profile)
  const exits = new Set(such.filter(isBlock).map(({ exit }) => exit))
  return exits.size >= burned_profile && !such.some(({ ok }) => ok)
}

function backOff({ base, cap, jitter }: ContextAware, { n, draw }: StrategyFacts, heuristic: Heuristic): Decision {
  const afterMs = Math.min(cap, base * 2 ** n) + jitter * draw
  const same = { exit: 'same', profile: 'same' } as const
  return { do: 'again', after_ms: afterMs, ...same, heuristic, strategy: 'exponential_backoff' }
}

/**
 * What the procedure finds concerns this try; or this try goes by its sign, and nothing is kept from use on the word of
 * one failure.
 */
function byDiagnosis(config: ContextAware, facts: StrategyFacts): Decision {
  const single = (): Decision => {
    const { quarantine: _, ...decision } = bySign(config, facts)
    return decision as Decision
  }
  const { seen, recent, pool, all } = facts
  const found = diagnose(recent, all, config.diagnosis)
  const quarantine = (exits: readonly string[], profiles: readonly string[]) => ({
    quarantine: { exits, profiles, for_ms: config.quarantine },
  })
  switch (found.class) {
    case 'exit_block':
      if (!found.exits?.includes(seen.exit)) return single()
      return rotated({ exit: 'other', profile: 'same' }, 'waf_stealth_block', quarantine(found.exits, []))
    case 'fingerprint_block':
      if (!found.profiles?.includes(seen.profile) || otherProfile(facts) === 'same') return single()
      return rotated({ exit: 'same', profile: 'other' }, 'fingerprint_block', quarantine([], found.profiles))
    case 'subnet_block': {
      if (!found.subnets?.includes(seen.subnet)) return single()
      const exits = pool.exits.filter(({ subnet }) => found.subnets?.includes(subnet)).map(({ id }) => id)
      return rotated({ exit: 'other', profile: 'same' }, 'subnet_block', quarantine(exits, []))
    }
    case 'origin_down': {
      const failed = recent.filter(({ ok }) => !ok)
      const broad = isBroad(config.spike, all, failed)
      return broad ? paused(config, facts, failed) : backOff(config, facts, 'genuine_failure')
    }
    case 'origin_overloaded':
      return backOff(config, facts, 'genuine_failure')
    case 'edge_error':
      return backOff(config, facts, 'edge_origin_error')
    default:
      return single()
  }
}

const otherProfile = ({ seen, pool }: StrategyFacts): 'same' | 'other' =>
  pool.profiles.some((name: Observation['profile']) => name !== seen.profile) ? 'other' : 'same'
