/** A scenario's result in a few words, as several reports use them. */
import type { ClientMetrics, ScenarioResult, ServerMetrics } from '../journal/result.js'

/** What clients saw, each in a line, the commonest first: `200 ×95, 502 connection_terminated ×5`. */
export function seenByClient(result: ScenarioResult): string[] {
  const asked = Object.entries(result.clients).filter(([, metrics]) => metrics.attempts > 0)
  return asked.map(([name, metrics]) => {
    const short = commonest(metrics.outcomes)
    return asked.length > 1 ? `${name}: ${short}` : short
  })
}

/**
 * What trying again came to, of clients that did, and what retries should never do, of all:
 * `1.5 attempts per request, at most 4, 99% ended well, 2 applied again`.
 */
export function retriesByClient({ clients }: ScenarioResult): string[] {
  const many = Object.values(clients).filter(({ attempts }) => attempts > 0).length > 1
  return Object.entries(clients).flatMap(([name, metrics]) => {
    const told = [...retriesOf(metrics), ...harmOf(metrics)].join(', ')
    return told === '' ? [] : [many ? `${name}: ${told}` : told]
  })
}

function retriesOf(metrics: ClientMetrics): string[] {
  const { requests, attempts, amplification, attempts_max, success_rate, recovered, recovery_ms } = metrics
  if (attempts <= requests || amplification === null || success_rate === null) return []
  const recovery =
    recovered === null ? [] : [recovery_ms === null ? 'never recovered' : `recovered in ${recovery_ms.toFixed(0)} ms`]
  const wasted = metrics.wasted_work_ratio ? [`${percent(metrics.wasted_work_ratio)} of the work wasted`] : []
  const mean = `${Number(amplification.toFixed(2))} attempts per request`
  return [mean, `at most ${attempts_max}`, `${percent(success_rate)} ended well`, ...wasted, ...recovery]
}

/** Words of what is not 0. */
const harmOf = (metrics: ClientMetrics): string[] =>
  Object.entries({
    'applied again': metrics.duplicates_applied,
    'earlier than Retry-After': metrics.early_retries,
    'after the client had left': metrics.retries_after_abort,
    'with another body': metrics.bodies_mismatched,
  }).flatMap(([what, count]) => (count ? [`${count} ${what}`] : []))

/** No share that is not whole is told as if it was. */
const percent = (share: number): string => {
  const tenths = Math.round(share * 1000) / 10
  if (tenths === 100 && share < 1) return '> 99.9%'
  return tenths === 0 && share > 0 ? '< 0.1%' : `${tenths}%`
}

/** What clients saw, in one line. Empty where nobody asked. */
export const seen = (result: ScenarioResult): string => seenByClient(result).join('; ')

/** What only kept the machine busy: `flood: 8200/s in the background, 200 ×16400`. */
export function saturated({ saturations = {} }: ScenarioResult): string[] {
  return Object.entries(saturations).map(([client, { rate_reached, statuses, errors }]) => {
    const seen = commonest({ ...statuses, ...(errors > 0 && { errors }) })
    return `${client}: ${Math.round(rate_reached)}/s in the background${seen === '' ? '' : `, ${seen}`}`
  })
}

/** Of servers whose state turned, or of which a check failed: `lb: app1 down ×1, up ×1, 57 of 60 checks passed`. */
export function healthOfServers({ servers = {} }: ScenarioResult): string[] {
  return Object.entries(servers).flatMap(([proxy, metrics]) =>
    Object.entries(metrics)
      .map(([server, one]) => [`${proxy}: ${server}`, healthOf(one)] as const)
      .flatMap(([who, health]) => (health === '' ? [] : [`${who} ${health}`])),
  )
}

function healthOf({ turns, checks, checks_passed }: ServerMetrics): string {
  const turned = Object.entries(turns).map(([turn, count]) => `${turn} ×${count}`)
  const told = turned.length > 0 || checks_passed < checks
  const checked = told && checks > 0 ? [`${checks_passed} of ${checks} checks passed`] : []
  return [...turned, ...checked].join(', ')
}

/** With --repeat: `18 of 20 pass, 2 fail`; and the seed of the run that is shown, where each has its own. */
export function repeats({ verdicts, repeats = [], seed }: ScenarioResult): string | undefined {
  if (!verdicts) return undefined
  const shown = repeats.some((run) => run.seed !== repeats[0]!.seed) ? [`shown: seed ${seed}`] : []
  const [first, ...others] = Object.entries(verdicts).sort(([, m], [, n]) => n - m)
  const total = Object.values(verdicts).reduce((sum, count) => sum + count, 0)
  return [
    `${first![1]} of ${total} ${first![0]}`,
    ...others.map(([verdict, count]) => `${count} ${verdict}`),
    ...shown,
  ].join(', ')
}

const SHOWN = 3

function commonest(outcomes: Record<string, number>): string {
  const ranked = Object.entries(outcomes).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  const shown = ranked.slice(0, SHOWN).map(([outcome, count]) => `${outcome} ×${count}`)
  return ranked.length > SHOWN ? `${shown.join(', ')}, ${ranked.length - SHOWN} more` : shown.join(', ')
}

/** The checks that did not hold, or had nothing to judge by: `fault rst fired: expected >= 1, actual 0`. */
export const failingChecks = (result: ScenarioResult): string[] =>
  result.checks
    .filter(({ verdict }) => verdict !== 'pass' && verdict !== 'skipped')
    .map(({ name, expected, actual }) => `${name}: expected ${expected}, actual ${actual}`)

/** What was left out, and what was otherwise than the scenario says: `2 checks not judged: nginx 1.22.1 sends no Proxy-Status`. */
export function remarks({ checks, notes = [] }: ScenarioResult): string[] {
  const reasons = new Map<string, number>()
  for (const { verdict, reason } of checks) {
    if (verdict === 'skipped') reasons.set(reason ?? '', (reasons.get(reason ?? '') ?? 0) + 1)
  }
  const skipped = [...reasons].map(([why, count]) => `${count} check${count === 1 ? '' : 's'} not judged: ${why}`)
  return [...skipped, ...notes]
}
