/**
 * Known defects of libraries, and whether an audit saw them: a section of docs/audit.md. page.ts calls it, with what
 * .ci/defects.yaml lists.
 */
import { cell, table } from './reports/markdown.js'
import { versionsOf } from './reports/words.js'
import type { AuditResult, RuleResult } from './result.js'

export interface Defect {
  client: string
  /** The rule that meets it. */
  rule: string
  defect: string
  /** Issues, or where else it is known from. */
  reported: string
  /** The name of an older version that has it, where a newer one does not. */
  as?: string
}

/** An audit knows neither the client nor the rule of it. @returns each as a sentence */
export function unknownIn(defects: readonly Defect[], audits: readonly AuditResult[]): string[] {
  return defects.flatMap(({ client, rule, as }) =>
    [client, ...(as === undefined ? [] : [as])]
      .filter((subject) => findingOf(audits, subject, rule) === undefined)
      .map((subject) => `a known defect of ${subject}: nobody asked it for ${rule}`),
  )
}

/** @param audits of those clients, and of the older versions */
export function defectSection(defects: readonly Defect[], audits: readonly AuditResult[]): string[] {
  const rows = defects.map((defect) => {
    const { client, rule, reported } = defect
    return [cell(defect.defect), cell(client), cell(reported), `\`${rule}\``, cell(outcome(defect, audits))]
  })
  return [table(['defect', 'of', 'reported', 'rule', 'what this audit saw'], rows)]
}

function outcome({ client, rule, as }: Defect, audits: readonly AuditResult[]): string {
  const now = findingOf(audits, client, rule)!
  if (as === undefined) return now.verdict === 'fail' ? `there: ${now.because}` : `not seen: ${now.because}`
  const then = findingOf(audits, as, rule)!
  const [before, after] = [versionIn(audits, as), versionIn(audits, client)]
  if (then.verdict !== 'fail') return `not seen in ${before}: ${then.because}`
  if (now.verdict === 'fail') return `there in ${before} and ${after}: ${now.because}`
  return now.verdict !== 'pass'
    ? `there in ${before}, and not told of ${after}: ${now.because}`
    : `mended: in ${before} ${lower(then.because)}; in ${after} ${lower(now.because)}`
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

const findingOf = (audits: readonly AuditResult[], subject: string, rule: string): RuleResult | undefined =>
  audits.find((audit) => audit.subject === subject)?.rules.find((one) => one.rule === rule)

const versionIn = (audits: readonly AuditResult[], subject: string): string =>
  versionsOf(audits.find((audit) => audit.subject === subject)!.versions).join(', ')
