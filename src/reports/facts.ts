/**
 * What guides claim, as a list of what would have to be so: each is a comparison of a figure, in every run. .ci/claims.mjs
 * takes the figures from runs and writes docs/claims.md; nothing here knows what a figure ought to be.
 */
import type { Judged } from './claims.js'

export interface Fact {
  /** In words: `a moderate pace is stable`. */
  say: string
  /** Of each run: it was so. */
  held: readonly boolean[]
}

export const isSo = ({ held }: Fact): boolean => held.length > 0 && held.every((so) => so)

export function judgeFacts(facts: readonly Fact[]): Judged {
  const [so, not] = [facts.filter(isSo), facts.filter((fact) => !isSo(fact))]
  const list = (some: readonly Fact[]): string => some.map(({ say }) => say).join('; ')
  if (not.length === 0) return { verdict: 'holds', text: 'Holds.' }
  if (so.length === 0) return { verdict: 'does not hold', text: 'Does not hold.' }
  return { verdict: 'holds only under conditions', text: `True: ${list(so)}. Not true: ${list(not)}.` }
}

/** A value of one run; null where it is not defined. */
export type Figure = number | null

/** How figures of a unit are written. */
const units: Readonly<Record<string, (value: number) => string>> = {
  share: (value) => `${rounded(value * 100)} %`,
  duration: (value) => `${rounded(value)} ms`,
  per_second: (value) => `${rounded(value)}/s`,
}

/** `3.5 (3 to 4)`: the median, and the range where runs differ. @param none what stands where there is no value */
export function figureText(values: readonly Figure[], unit: string, none = 'none'): string {
  const write = (value: Figure): string => (value === null ? none : (units[unit] ?? rounded)(value))
  const sorted = values.toSorted((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY))
  const [low, middle, high] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!].map(write)
  return low === high ? middle! : `${middle} (${low} to ${high})`
}

/** Three digits that count, and none behind the point from 100 on. */
const rounded = (value: number): string =>
  value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(value < 10 ? 2 : 3)))
