/** When a client came back that was told with a Retry-After when to: what rules about that header share. */
import type { Answer } from '../clients/driver.js'
import type { SeenAttempt } from '../journal/seen.js'
import { formatMs } from '../lib/units.js'
import type { Rig } from '../rig.js'
import { leastGap, patience } from './patience.js'
import type { Asked, Bench, Finding } from './rule.js'
import { fail, inconclusive, notApplicable, pass } from './rule.js'
import { callerSaw, isGood, listed } from './telling.js'
import { answers, ended, faultOf, giveUp, hasFired, untilSeen } from './trouble.js'
import { delaysSeen, delaysSince, type Usual, usualDelays } from './waits.js'

export interface Comeback {
  /** The response that asked for it: `502 with Retry-After: 3`. */
  told: string
  reached: boolean
  attempts: SeenAttempt[]
  /** To its second attempt; undefined where there was none. */
  gapMs: number | undefined
  settled: boolean
  /** How long it was waited for since its first attempt. */
  waitedMs: number
  /** All that it asked its clock to wait, and does not ask in good times; undefined where nobody knows. */
  askedMs: number | undefined
  good: boolean
  evidence: string[]
}

/** One GET whose first attempt gets that answer, and the second one the usual. */
export async function cameBackAfter(
  bench: Bench,
  { status, retryAfter, quietMs, usual }: { status: number; retryAfter?: string; quietMs: number; usual?: Usual },
): Promise<Comeback> {
  const headers = retryAfter === undefined ? {} : { 'Retry-After': retryAfter }
  const lab = await bench.rig({ faults: [faultOf('asks', answers(status, { headers }), { first: 1 })] })
  const before = await delaysSeen(bench)
  const asked = await bench.ask(lab)
  await untilSeen(bench, lab, asked, 1)
  const { answer, waitedMs } = await waitedFor(bench, lab, asked, quietMs)
  const attempts = bench.attempts(lab, asked)
  const delays = await delaysSince(bench, before, usual)
  giveUp(bench, asked)
  const told = retryAfter === undefined ? `${status}` : `${status} with Retry-After: ${retryAfter}`
  return {
    told,
    reached: hasFired(lab, 'asks'),
    attempts,
    gapMs: attempts[1]?.gap_ms ?? undefined,
    settled: answer !== undefined,
    waitedMs,
    askedMs: delays?.reduce((sum, ms) => sum + ms, 0),
    good: isGood(answer),
    evidence: [...bench.told(attempts), `after a ${told}: ${callerSaw(answer)}`],
  }
}

/** A moment for what the client had no time for on a busy machine. */
const MOMENT_MS = 5000

/** How a call ended whose first attempt was seen a moment ago. */
export async function waitedFor(
  bench: Bench,
  lab: Rig,
  asked: Asked,
  quietMs: number,
): Promise<{ answer: Answer | undefined; waitedMs: number }> {
  const client = await bench.client()
  const since = client.now()
  let answer = await ended(bench, lab, asked, quietMs)
  if (!answer && bench.attempts(lab, asked).length < 2) {
    // Its word comes behind the timers that are due by then.
    await client.state()
    answer = await asked.settled(patience(bench, MOMENT_MS))
  }
  return { answer, waitedMs: client.now() - since }
}

/** A wait of so many milliseconds is over long ago then: backoff on top of it and chance do not add more. */
export const longAfter = (waitMs: number): number => 2 * waitMs + 30_000

/** What is to be said of one that neither came back nor told its caller; undefined where it did one of them. */
export function hangOf(
  bench: Bench,
  { told, gapMs, settled, waitedMs, evidence }: Pick<Comeback, 'told' | 'gapMs' | 'settled' | 'waitedMs' | 'evidence'>,
  waitMs: number,
): Finding | undefined {
  if (gapMs !== undefined || settled) return undefined
  const because = `after a ${told} it had neither come back nor told its caller after ${formatMs(waitedMs)}`
  if (waitedMs >= leastGap(bench, longAfter(waitMs))) return fail(because, evidence)
  return inconclusive(`${because}, and the audit waits no longer`, evidence)
}

/** On a fast clock a busy machine can make a wait of an early one, but hardly each time. */
const ROUNDS = 5
/** Where it is known to have asked its clock for less. */
const ROUNDS_IN_DOUBT = 25

/** Each of these statuses with so many seconds, until it comes too early, or not at all. */
export async function comebacksAfter(bench: Bench, statuses: readonly number[], seconds: number): Promise<Comeback[]> {
  const all: Comeback[] = []
  const isFast = bench.subject.timeScale >= 10
  const usual = isFast ? await usualBeside(bench, seconds * 1000) : undefined
  for (let n = 0; n < (isFast ? ROUNDS : 1) || (n < ROUNDS_IN_DOUBT && isInDoubt(bench, all, seconds)); n++) {
    for (const status of statuses) {
      const one = await cameBackAfter(bench, {
        status,
        retryAfter: `${seconds}`,
        quietMs: longAfter(seconds * 1000),
        usual,
      })
      all.push(one)
      if (isEarly(bench, one, seconds) || hangOf(bench, one, seconds * 1000)) return all
    }
    if (all.every(({ gapMs }) => gapMs === undefined)) break
  }
  return all
}

/** What it asks for when nothing goes wrong; undefined where that could be taken for the wait. */
async function usualBeside(bench: Bench, waitMs: number): Promise<Usual> {
  const usual = await usualDelays(bench, await bench.rig({ faults: [] }), '/')
  const tolerance = waitMs - leastGap(bench, waitMs)
  return [...(usual ?? [])].some((ms) => Math.abs(ms - waitMs) <= tolerance) ? undefined : usual
}

/** Whether it came back sooner than it was told. */
export const isEarly = (bench: Bench, { gapMs }: Pick<Comeback, 'gapMs'>, seconds: number): boolean =>
  gapMs !== undefined && gapMs < leastGap(bench, seconds * 1000)

/** Whether it came back that late only because the machine did, for all that its clock was asked for. */
const isInDoubt = (bench: Bench, comebacks: readonly Comeback[], seconds: number): boolean =>
  comebacks.some(
    ({ gapMs, askedMs }) => gapMs !== undefined && askedMs !== undefined && askedMs < leastGap(bench, seconds * 1000),
  )

/** None of them too early, none that hangs, and at least one came back. */
export function judgeComebacks(bench: Bench, comebacks: readonly Comeback[], seconds: number): Finding {
  const evidence = comebacks.flatMap((one) => one.evidence)
  if (!comebacks.every(({ reached }) => reached)) return inconclusive('no request reached the server', evidence)
  const early = comebacks.find((one) => isEarly(bench, one, seconds))
  if (early) return fail(`after a ${early.told} it came back in ${formatMs(early.gapMs!)}`, evidence)
  const hangs = comebacks.map((one) => hangOf(bench, one, seconds * 1000)).find((hang) => hang !== undefined)
  if (hangs) return { ...hangs, evidence }
  const back = comebacks.filter(({ gapMs }) => gapMs !== undefined)
  if (back.length > 0) {
    const soonest = Math.min(...back.map(({ gapMs }) => gapMs!))
    if (back.every(({ askedMs }) => askedMs === 0)) {
      const because = `told to come back in ${seconds} s it asked its clock for no wait, and yet came no sooner than in ${formatMs(soonest)}`
      return inconclusive(`${because}: this machine is too busy to tell`, evidence)
    }
    return pass(`told to come back in ${seconds} s it came back in ${formatMs(soonest)} at the earliest`, evidence)
  }
  return notApplicable(`it does not try again after a ${listed(comebacks.map(({ told }) => told))}`)
}
