/** What an audit found, in a few words, as several reports use them. */
import type { Against, AuditResult, AuditRun, RuleChange, RuleResult } from '../result.js'
import type { RuleVerdict } from '../rule.js'

/** `got 15.0.5`, `undici-agent (undici 8.10.0)`: what was audited, and in which version. */
export function labelOf({ subject, versions }: Pick<AuditResult, 'subject' | 'versions'>): string {
  const told = versionsOf(versions)
  if (told.length === 0) return subject
  return Object.keys(versions).join() === subject ? told[0]! : `${subject} (${told.join(', ')})`
}

/** Programs say their name themselves, and with what they were built, which is left out. */
export const versionsOf = (versions: AuditResult['versions']): string[] =>
  Object.entries(versions).map(([name, version]) => {
    const short = version.replace(/ \(.*/, '')
    return short.startsWith(`${name} `) ? short : `${name} ${short}`
  })

const CLOCKS: Record<AuditResult['kind'], string> = {
  library: 'library',
  module: 'own module',
  command: 'program',
  function: 'function',
}

/** `library, its clock 50 times as fast` */
export const kindOf = ({ kind, time_scale }: Pick<AuditResult, 'kind' | 'time_scale'>): string =>
  time_scale === 1 ? `${CLOCKS[kind]}, in real time` : `${CLOCKS[kind]}, its clock ${time_scale} times as fast`

export const VERDICTS: readonly [verdict: RuleVerdict, mark: string, words: string][] = [
  ['pass', '✓', 'passed'],
  ['fail', '✗', 'failed'],
  ['inconclusive', '?', 'inconclusive'],
  ['not_applicable', '–', 'not applicable'],
]

export const markOf = (verdict: RuleVerdict): string => VERDICTS.find(([one]) => one === verdict)![1]

export const countOf = (rules: readonly RuleResult[], verdict: RuleVerdict): number =>
  rules.filter((rule) => rule.verdict === verdict).length

/** A rule that fails, and did in the baseline: nothing that this run is to blame for. */
export const isKnown = ({ against }: AuditResult, { rule }: RuleResult): boolean =>
  against?.as_before.includes(rule) ?? false

/** `fails, as in before.json: 3 attempts, …`, where that is so. */
export const told = (audit: AuditResult, rule: RuleResult): string =>
  isKnown(audit, rule) ? `fails as in ${audit.against!.file}: ${rule.because}` : rule.because

/** `retries-502: fail -> pass` */
export const changeOf = ({ rule, before, now }: RuleChange): string => `${rule}: ${wordOf(before)} -> ${wordOf(now)}`

const wordOf = (verdict: RuleChange['before']): string => verdict.replace('_', ' ')

/** `1 worse, 1 better, 2 fail as before`; what there is none of is left out, but for what decides. */
export function comparisonOf({ worse, better, unsure, as_before }: Against): string {
  const counts: [count: number, words: string][] = [
    [better.length, 'better'],
    [unsure.length, 'unsure now'],
    [as_before.length, as_before.length === 1 ? 'fails as before' : 'fail as before'],
  ]
  const decides = worse.length === 0 ? 'nothing is worse' : `${worse.length} worse`
  return [decides, ...counts.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`)].join(', ')
}

/** `before.json (got 14.0.0, 2026-01-02)` */
export const earlierOf = ({ file, versions, started }: Against): string =>
  `${file} (${[...versionsOf(versions), started.slice(0, 10)].join(', ')})`

/** The rules of a run in the order of the table, each once. */
export const rulesOf = ({ audits }: Pick<AuditRun, 'audits'>): RuleResult[] => {
  const all = new Map(audits.flatMap(({ rules }) => rules.map((rule) => [rule.rule, rule] as const)))
  return [...all.values()]
}
