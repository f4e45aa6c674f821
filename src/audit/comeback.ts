/** When a client came back that was told with a Retry-After when to: what rules about that header share. */
import type { SeenAttempt } from '../journal/seen.js'
import { formatMs } from '../lib/units.js'
import { leastGap } from './patience.js'
import type { Bench, Finding } from './rule.js'
import { fail, inconclusive, notApplicable, pass } from './rule.js'
import { callerSaw, isGood, listed } from './telling.js'
import { answers, ended, faultOf, giveUp, hasFired } from './trouble.js'

export interface Comeback {
  /** The response that asked for it: `502 with Retry-After: 3`. */
  told: string
  reached: boolean
  attempts: SeenAttempt[]
  /** To its second attempt; undefined where there was none. */
  gapMs: number | undefined
  settled: boolean
  good: boolean
  evidence: string[]
}

/** One GET whose first attempt gets that answer, and the second one the usual. */
export async function cameBackAfter(
  bench: Bench,
  { status, retryAfter, quietMs }: { status: number; retryAfter?: string; quietMs: number },
): Promise<Comeback> {
  const headers = retryAfter === undefined ? {} : { 'Retry-After': retryAfter }
  const lab = await bench.rig({ faults: [faultOf('asks', answers(status, { headers }), { first: 1 })] })
  const asked = await bench.ask(lab)
  const answer = await ended(bench, lab, asked, quietMs)
  const attempts = bench.attempts(lab, asked)
  giveUp(bench, asked)
  const told = retryAfter === undefined ? `${status}` : `${status} with Retry-After: ${retryAfter}`
  return {
    told,
    reached: hasFired(lab, 'asks'),
    attempts,
    gapMs: attempts[1]?.gap_ms ?? undefined,
    settled: answer !== undefined,
    good: isGood(answer),
    evidence: [...bench.told(attempts), `after a ${told}: ${callerSaw(answer)}`],
  }
}

/** On a fast clock a busy machine can make a wait of an early one, but hardly each time. */
const ROUNDS = 3

/** Each of these statuses with so many seconds, until it comes too early. */
export async function comebacksAfter(bench: Bench, statuses: readonly number[], seconds: number): Promise<Comeback[]> {
  const all: Comeback[] = []
  const rounds = bench.subject.timeScale < 10 ? 1 : ROUNDS
  for (let n = 0; n < rounds; n++) {
    for (const status of statuses) {
      const one = await cameBackAfter(bench, { status, retryAfter: `${seconds}`, quietMs: 30_000 })
      all.push(one)
      if (isEarly(bench, one, seconds)) return all
    }
    if (all.every(({ gapMs }) => gapMs === undefined)) break
  }
  return all
}

const isEarly = (bench: Bench, { gapMs }: Comeback, seconds: number): boolean =>
  gapMs !== undefined && gapMs < leastGap(bench, seconds * 1000)

/** None of them too early, and at least one came back. */
export function judgeComebacks(bench: Bench, comebacks: readonly Comeback[], seconds: number): Finding {
  const evidence = comebacks.flatMap((one) => one.evidence)
  if (!comebacks.every(({ reached }) => reached)) return inconclusive('no request reached the server', evidence)
  const early = comebacks.find((one) => isEarly(bench, one, seconds))
  if (early) return fail(`after a ${early.told} it came back in ${formatMs(early.gapMs!)}`, evidence)
  const back = comebacks.filter(({ gapMs }) => gapMs !== undefined)
  if (back.length > 0) {
    const soonest = Math.min(...back.map(({ gapMs }) => gapMs!))
    return pass(`told to come back in ${seconds} s it came back in ${formatMs(soonest)} at the earliest`, evidence)
  }
  if (comebacks.every(({ settled }) => settled)) {
    return notApplicable(`it does not try again after a ${listed(comebacks.map(({ told }) => told))}`)
  }
  return pass(`told to come back in ${seconds} s it had not come back after half a minute`, evidence)
}
