/**
 * How long a client waited before it tried again: as it asked its clock, where that is known and beyond doubt, or else
 * by the gaps that servers saw. On a fast clock a gap holds some milliseconds of the machine, many times magnified, and
 * only what was asked tells a short wait from none.
 */
import type { Rig } from '../rig.js'
import { patience } from './patience.js'
import type { Asked, Bench } from './rule.js'

export interface Waits {
  /** One for each attempt but the first of each call, in order where there was one call. */
  ms: number[]
  /** Whether it is what was asked for, to the millisecond, or a gap at the server. */
  exact: boolean
}

/** Delays that a call asks for when nothing goes wrong: limits of time, mostly. */
export type Usual = ReadonlySet<number> | undefined

/** @param lab on which this path answers at once */
export async function usualDelays(bench: Bench, lab: Rig, path: string): Promise<Usual> {
  const client = await bench.client()
  const before = client.delays()?.length ?? 0
  // The second one may go over the connection of the first, and what is asked for behind an answer is told behind it.
  for (let n = 0; n < 2; n++) await (await bench.ask(lab, { path })).settled(patience(bench, 30_000))
  await client.state()
  const delays = client.delays()
  return delays && new Set(delays.slice(before).map(({ ms }) => Math.round(ms)))
}

/** Delays that were asked for since the first `seen` of them, and not in good times. */
export async function delaysSince(bench: Bench, seen: number, usual: Usual): Promise<number[] | undefined> {
  const delays = (await bench.client()).delays()
  if (!delays || !usual) return undefined
  return delays.slice(seen).flatMap(({ ms }) => (usual.has(Math.round(ms)) ? [] : [ms]))
}

export const delaysSeen = async (bench: Bench): Promise<number> => (await bench.client()).delays()?.length ?? 0

/** @param seen how many delays had been asked for before these calls */
export async function waitsOf(
  bench: Bench,
  lab: Rig,
  calls: readonly Asked[],
  seen: number,
  usual: Usual,
): Promise<Waits> {
  const gaps = calls.flatMap((asked) =>
    bench.attempts(lab, asked).flatMap(({ gap_ms }) => (gap_ms === null ? [] : [gap_ms])),
  )
  const asked = await delaysSince(bench, seen, usual)
  // Unless the wait was as long as something that it asks for anyhow.
  const least = Math.min(...[...(usual ?? [])].filter((ms) => ms >= NO_WAIT_MS))
  const atOnce = Math.max(least, AT_ONCE_REAL_MS * bench.subject.timeScale)
  if (asked && asked.length === 0 && gaps.every((gap) => gap < atOnce)) {
    return { ms: gaps.map(() => 0), exact: true }
  }
  // Behind its last attempt it may have begun one more wait. With any other number nobody can say which is which.
  const more = calls.length === 1 ? 1 : 0
  if (asked && asked.length >= gaps.length && asked.length <= gaps.length + more) {
    return { ms: asked.slice(0, gaps.length), exact: true }
  }
  return { ms: gaps, exact: false }
}

/** Attempts without a wait between them follow one another like that, if not sooner. */
const AT_ONCE_REAL_MS = 10

/** Shorter ones are none: Node makes a millisecond of 0. */
export const NO_WAIT_MS = 2
