/**
 * Comparisons as scenarios write them: `>= 1`, `<= 95%`, `< 250ms`, or a bare number that must be met exactly.
 * Every kind of check builds its schema with `comparison` and its result with `compared`.
 */
import { z } from 'zod'
import type { CheckResult } from '../journal/result.js'
import { parseDurationMs, parseShare, parseSizeBytes } from '../lib/units.js'

export interface Comparison {
  op: '>=' | '<=' | '=' | '>' | '<'
  /** A share is 0 to 1, a duration milliseconds, a size bytes. */
  value: number
  unit: Unit
  /** As reports print it. */
  text: string
}

export type Unit = keyof typeof units

/** What can be compared: how it is written and read, and how a number of it is shown. */
export const units = {
  count: { form: '\\d+', example: '>= 1', parse: Number, show: String },
  number: { form: '\\d+(?:\\.\\d+)?', example: '<= 1.5', parse: Number, show: String },
  share: {
    form: '(?:100(?:\\.0+)?|\\d{1,2}(?:\\.\\d+)?)%',
    example: '>= 99%',
    parse: (text: string) => parseShare(text)!,
    show: (percent: number) => `${percent}%`,
  },
  duration: {
    form: '\\d+(?:\\.\\d+)?(?:us|ms|s|m|h)',
    example: '<= 250ms',
    parse: (text: string) => parseDurationMs(text)!,
    show: (ms: number) => `${ms}ms`,
  },
  size: {
    form: '\\d+(?:B|KB|MB|GB)',
    example: '= 17B',
    parse: (text: string) => parseSizeBytes(text)!,
    show: (bytes: number) => `${bytes}B`,
  },
} as const

/** A comparison in one of these units, as text or, where a unit has no sign of its own, as a bare number. */
export function comparison(...accepted: [Unit, ...Unit[]]) {
  const form = new RegExp(`^(>=|<=|=|>|<) ?(${accepted.map((unit) => units[unit].form).join('|')})$`)
  const examples = accepted.map((unit) => units[unit].example)
  const expected = `expected a comparison such as ${examples.map((example) => `"${example}"`).join(' or ')}`
  const text = z.string({ error: expected }).regex(form, expected)
  const bare = (accepted.includes('number') ? z.number() : z.int()).min(0, expected)
  const written = accepted.includes('count') || accepted.includes('number') ? z.union([bare, text], expected) : text
  const read = (input: string | number): Comparison => {
    const [, op, quantity] = form.exec(typeof input === 'number' ? `= ${input}` : input)!
    const unit = accepted.find((name) => new RegExp(`^(?:${units[name].form})$`).test(quantity!))!
    return { op: op as Comparison['op'], value: units[unit].parse(quantity!), unit, text: `${op} ${quantity}` }
  }
  return written.transform(read).meta({ description: `A comparison, such as ${examples.join(' or ')}`, examples })
}

/** Refines the check of a metric: what it is compared with has the metric's own unit. */
export const inUnitOf =
  <Metric extends string>(unitOf: (metric: Metric) => Unit) =>
  ({ metric, is }: { metric: Metric; is: Comparison }, context: z.RefinementCtx): void => {
    const unit = unitOf(metric)
    if (is.unit === unit) return
    const message = `${metric} is a ${unit}: expected a comparison such as "${units[unit].example}", not "${is.text}"`
    context.addIssue({ code: 'custom', path: ['is'], message })
  }

/** The value satisfies it. Shares are quotients: what differs by rounding only is equal. */
export function holds({ op, value: limit }: Comparison, value: number): boolean {
  const equal = Math.abs(value - limit) <= 1e-9 * Math.max(1, Math.abs(limit))
  if (equal) return op.endsWith('=')
  return op.startsWith('>') ? value > limit : op.startsWith('<') && value < limit
}

/** Whether every value from `low` to `high` satisfies it (true), or none does (false), or it depends (undefined). */
export function holdsWithin(wanted: Comparison, low: number, high: number): boolean | undefined {
  const [atLow, atHigh] = [holds(wanted, low), holds(wanted, high)]
  if (atLow && atHigh) return true
  const between = wanted.op === '=' && low < wanted.value && wanted.value < high
  return atLow || atHigh || between ? undefined : false
}

/** The result of comparing one number. */
export function compared(name: string, wanted: Comparison, value: number): CheckResult {
  const verdict = holds(wanted, value) ? 'pass' : 'fail'
  return { name, verdict, expected: wanted.text, actual: shown(wanted, value) }
}

/** The result where there is nothing to compare, or too little. */
export const inconclusive = (name: string, wanted: Comparison, actual: string): CheckResult => ({
  name,
  verdict: 'inconclusive',
  expected: wanted.text,
  actual,
})

/** Three digits, or as many more as it takes for the text to lie on the same side of the limit as the value. */
export function shown(wanted: Comparison, value: number): string {
  const { show } = units[wanted.unit]
  if (Number.isInteger(value) && wanted.unit !== 'share') return show(value)
  const scale = wanted.unit === 'share' ? 100 : 1
  for (let digits = 3; digits < 15; digits++) {
    const rounded = Number((value * scale).toPrecision(digits))
    if (holds(wanted, rounded / scale) === holds(wanted, value)) return show(rounded)
  }
  return show(value * scale)
}
