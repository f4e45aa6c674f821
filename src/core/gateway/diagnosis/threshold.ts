/**
 * The rules of the glossary entry `scraping-glossary` (docs/sources.md) as one procedure, mapped to the classes before any
 * run was made. In their order:
 *
 * | the entry says | here |
 * |---|---|
 * | 407: wrong credentials | most failures are 407: `bad_credentials` |
 * | X-Proxy-Error names the proxy's own trouble | most failures are our gateway's own refusals: `gateway_overloaded` |
 * | a 502 from a public edge: the origin is struggling, back off | most 502s bear a public edge's Server header: `edge_error` |
 * | U_fail = 502_count / total_requests over 0.05 across all IPs: the origin is down | every active exit is over 5 %: `origin_down` |
 * | isolated to specific IPs: a block | some are: `exit_block`, of those |
 * | our own upstream_reset: the firewall; a high burn rate B = 502_blocks / active_ips: the fingerprint | most 502s are resets, all exits are over 5 % and B is at least 1: `fingerprint_block` |
 * | no exit over 5 % | `none` |
 *
 * It has no rule for `origin_overloaded` apart from the edge's header, and none for a subnet: it never answers these two.
 */
import { z } from 'zod'
import { share } from '../../../lib/quantity.js'
import type { Observation } from '../observation.js'
import { isFrom, publicEdges } from '../signs.js'
import type { DiagnosedPool, Diagnosis } from './diagnosis.js'
import { isReset, outcomeOf, statusOf } from './outcome.js'

const schema = z.strictObject({
  type: z.literal('threshold'),
  over: share().prefault('5%').meta({ description: 'The share of failures above which an exit fails' }),
  counts: z
    .enum(['502', 'failures'])
    .default('502')
    .meta({ description: 'What is a failure: a 502 only, as the formula has it, or every failed attempt' }),
  burn_rate: z
    .number()
    .min(0)
    .default(1)
    .meta({ description: 'Resets per active exit from which on it is the fingerprint' }),
})

export const threshold = {
  summary: 'fixed shares: over 5 % of 502s at every exit the origin is down, at some exits these are blocked',
  schema,
  diagnose(config: z.output<typeof schema>, observations: readonly Observation[], pool: DiagnosedPool): Diagnosis {
    const failed = observations.filter(({ ok }) => !ok)
    return refusedByUs(failed) ?? beyond(config, observations, failed, pool)
  },
} as const

export const isPublicEdge = ({ server }: Observation): boolean => isFrom(server, publicEdges)

const most = <T>(of: readonly T[], are: (one: T) => boolean): boolean => 2 * of.filter(are).length > of.length

function refusedByUs(failed: readonly Observation[]): Diagnosis | undefined {
  if (most(failed, (one) => outcomeOf(one) === 'credentials')) {
    return { class: 'bad_credentials', because: `most of ${failed.length} failures are 407` }
  }
  if (most(failed, (one) => outcomeOf(one) === 'overload')) {
    return { class: 'gateway_overloaded', because: `our gateway itself refused most of ${failed.length} that failed` }
  }
  return undefined
}

function beyond(
  { over, counts, burn_rate }: z.output<typeof schema>,
  observations: readonly Observation[],
  failed: readonly Observation[],
  pool: DiagnosedPool,
): Diagnosis {
  const counted = counts === '502' ? failed.filter((one) => statusOf(one) === 502) : failed
  const [failures, attempts] = [byExit(counted), byExit(observations)]
  const blamed = pool.exits.map(({ id }) => id).filter((id) => (failures.get(id) ?? 0) > over * (attempts.get(id) ?? 0))
  if (blamed.length === 0) return { class: 'none', because: `no exit is over ${over * 100} %` }
  if (most(counted, isPublicEdge)) {
    return { class: 'edge_error', because: `a public edge said most of ${counted.length} failures` }
  }
  const active = new Set(pool.exits.map(({ id }) => id).filter((id) => attempts.has(id)))
  if (blamed.length < active.size) {
    const because = `${blamed.length} of ${active.size} exits are over ${over * 100} %`
    return { class: 'exit_block', because, exits: blamed }
  }
  const burned = counted.filter(isReset).length / active.size
  if (most(counted, isReset) && burned >= burn_rate) {
    const because = `all ${active.size} exits are over ${over * 100} %, with ${burned.toFixed(1)} resets each`
    return { class: 'fingerprint_block', because, profiles: worstProfiles(counted, pool) }
  }
  return { class: 'origin_down', because: `all ${active.size} exits are over ${over * 100} %` }
}

function byExit(observations: readonly Observation[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { exit } of observations) counts.set(exit, (counts.get(exit) ?? 0) + 1)
  return counts
}

/** Those with the most, in the order of the pool: where several have as many, the first told would come first. */
function worstProfiles(counted: readonly Observation[], { profiles }: DiagnosedPool): string[] {
  const counts = new Map<string, number>()
  for (const { profile } of counted) counts.set(profile, (counts.get(profile) ?? 0) + 1)
  const highest = Math.max(...counts.values())
  return profiles.filter((profile) => counts.get(profile) === highest)
}
