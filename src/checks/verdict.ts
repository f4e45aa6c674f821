/**
 * From checks to the verdict of a scenario, from verdicts to that of a run and to the exit code. The order: what could
 * not be run says nothing; a load that this machine could not make, or a fault that never fired, shows nothing, whatever
 * the checks say; then the checks.
 */
import type { Facts } from '../journal/reduce.js'
import type { CheckResult, FaultResult, Verdict } from '../journal/result.js'

export interface Judgement {
  verdict: Verdict
  /** Why it is not a pass, in a sentence. */
  reason?: string
}

/**
 * @param faults those that were armed
 * @param maxLagMs how late timers may have been; whatever the checks say then, the machine may have said it
 */
export function judge(
  faults: readonly Pick<FaultResult, 'id' | 'fired'>[],
  checks: readonly CheckResult[],
  facts: Pick<Facts, 'errors' | 'interrupted' | 'lag_ms' | 'loads'>,
  maxLagMs = Number.POSITIVE_INFINITY,
): Judgement {
  const [error, ...more] = facts.errors
  if (error !== undefined)
    return { verdict: 'error', reason: more.length ? `${error}, and ${more.length} more` : error }
  if (facts.interrupted) return { verdict: 'error', reason: 'interrupted before its end' }
  if (facts.lag_ms > maxLagMs) return { verdict: 'inconclusive', reason: tooLoaded(facts.lag_ms, maxLagMs) }
  for (const [client, { cannot }] of facts.loads) {
    if (cannot !== undefined) return { verdict: 'inconclusive', reason: `client "${client}" ${cannot}` }
  }
  const silent = faults.filter(({ fired }) => fired === 0).map(({ id }) => id)
  if (silent.length > 0) {
    const who = silent.length === 1 ? 'fault' : 'faults'
    return { verdict: 'inconclusive', reason: `${who} ${silent.join(', ')} never fired: nothing was shown` }
  }
  const judged = checks.filter(({ verdict }) => verdict !== 'skipped').length
  if (judged === 0 && checks.length > 0) return { verdict: 'skipped', reason: 'no check of it can be judged' }
  const failed = checks.filter(({ verdict }) => verdict === 'fail').length
  if (failed > 0) return { verdict: 'fail', reason: `${failed} of ${plural(judged, 'check')} failed` }
  const open = checks.filter(({ verdict }) => verdict === 'inconclusive').length
  if (open === 0) return { verdict: 'pass' }
  return { verdict: 'inconclusive', reason: `too little to judge ${open} of ${plural(judged, 'check')} by` }
}

export const tooLoaded = (lagMs: number, maxLagMs: number): string =>
  `this machine was too loaded to judge: four timers in a row were up to ${lagMs.toFixed(0)} ms late, and it bears ${maxLagMs} ms`

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** The first of these that occurs is the verdict of a run. */
const ORDER: readonly Verdict[] = ['error', 'fail', 'inconclusive', 'pass']

/** Of several scenarios: the gravest; `skipped` only where nothing ran. */
export const overall = (verdicts: readonly Verdict[]): Verdict =>
  ORDER.find((verdict) => verdicts.includes(verdict)) ?? 'skipped'

const EXIT_CODES: Record<Verdict, number> = { error: 3, fail: 1, inconclusive: 4, pass: 0, skipped: 0 }

/** @param options noSkip: a scenario that was skipped counts as one that could not be run */
export function exitCode(verdicts: readonly Verdict[], options: { noSkip?: boolean } = {}): number {
  if (options.noSkip && verdicts.includes('skipped')) return EXIT_CODES.error
  return EXIT_CODES[overall(verdicts)]
}
