/**
 * What got worse against an earlier result, and what better. The command line calls it, with the text of a file that
 * --json or a folder of an audit gave; of other versions of badgateway, too: what is not known is kept.
 */
import { z } from 'zod'
import { ScenarioError } from '../lib/errors.js'
import type { Against, AuditResult, AuditRun, AuditVerdict, RuleChange, RuleResult } from './result.js'

const earlierSchema = z.looseObject({
  subject: z.string(),
  versions: z.record(z.string(), z.string()),
  started: z.string(),
  interrupted: z.boolean(),
  rules: z.array(
    z.looseObject({ rule: z.string(), verdict: z.enum(['pass', 'fail', 'not_applicable', 'inconclusive']) }),
  ),
})

const ofOne = earlierSchema.transform((one) => [one])
const ofRun = z.looseObject({ audits: z.array(earlierSchema) }).transform(({ audits }) => audits)

/** An earlier result, as far as it is compared. */
export type Earlier = z.output<typeof earlierSchema>

/**
 * Both a run of the command and the result of one subject, which `audit()` gives, are understood.
 * @param file as the user named it
 * @throws ScenarioError when it is no result of an audit
 */
export function parseBaseline(text: string, file: string): Earlier[] {
  const value = parseJson(text, file)
  if (has(value, 'scenarios')) throw problem(file, 'not the result of an audit, but of "badgateway run"')
  const schema: z.ZodType<Earlier[]> = has(value, 'audits') ? ofRun : ofOne
  const { data: earlier, error } = schema.safeParse(value)
  if (!earlier) throw notOne(error.issues, file)
  const half = earlier.find(({ interrupted }) => interrupted)
  if (half)
    throw problem(
      file,
      `the audit of ${half.subject} was interrupted, so there is no telling what is new: make it again`,
    )
  return earlier
}

/** @throws ScenarioError with every subject that is not in it */
export function findEarlier(subjects: readonly string[], earlier: readonly Earlier[], file: string): void {
  const there = earlier.map(({ subject }) => subject)
  const missing = subjects.filter((subject) => !there.includes(subject))
  if (missing.length === 0) return
  const holds = there.length === 0 ? 'nothing' : there.join(', ')
  throw new ScenarioError(
    missing.map((subject) => ({ file, path: '', message: `a baseline of ${holds}: it tells nothing of ${subject}` })),
  )
}

/** @param file that the earlier result is from, as the user named it */
export function compareWith(rules: readonly RuleResult[], earlier: Earlier, file: string): Against {
  const verdicts = new Map(earlier.rules.map(({ rule, verdict }) => [rule, verdict]))
  const changes = rules.map(
    ({ rule, verdict }) => ({ rule, before: verdicts.get(rule) ?? 'absent', now: verdict }) as const,
  )
  const where = (holds: (change: RuleChange) => boolean): RuleChange[] => changes.filter(holds)
  const { started, versions } = earlier
  return {
    file,
    started,
    versions,
    worse: where(({ before, now }) => now === 'fail' && before !== 'fail'),
    better: where(({ before, now }) => now === 'pass' && before === 'fail'),
    unsure: where(({ before, now }) => told(before) && !told(now)),
    as_before: where(({ before, now }) => now === 'fail' && before === 'fail').map(({ rule }) => rule),
  }
}

const told = (verdict: RuleChange['before']): boolean => verdict === 'pass' || verdict === 'fail'

/** Of one subject, as the exit code has it: with a baseline, what failed before as well is no failure. */
export const verdictOf = ({ verdict, against }: Pick<AuditResult, 'verdict' | 'against'>): AuditVerdict =>
  against === undefined || verdict === 'inconclusive' ? verdict : against.worse.length > 0 ? 'fail' : 'pass'

/** Of all, the gravest; of none, nothing is known. */
export function runVerdict(audits: AuditRun['audits']): AuditVerdict {
  const verdicts = audits.map(verdictOf)
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.length === 0 || verdicts.includes('inconclusive') ? 'inconclusive' : 'pass'
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw problem(file, `not the result of an audit, for it is no JSON: ${(error as Error).message}`)
  }
}

const has = (value: unknown, key: string): boolean => typeof value === 'object' && value !== null && key in value

function notOne([first, ...more]: z.core.$ZodIssue[], file: string): ScenarioError {
  const where = first!.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  const count = more.length > 0 ? `, and ${more.length} more such` : ''
  return problem(file, `not the result of an audit: ${first!.message}${count}`, where.replace(/^\./, ''))
}

const problem = (file: string, message: string, path = ''): ScenarioError =>
  new ScenarioError([{ file, path, message }])
