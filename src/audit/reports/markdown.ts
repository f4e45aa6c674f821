/** An audit as Markdown: for a pull request, for an issue of a library. page.ts uses its tables. */
import type { AuditResult, AuditRun, RuleResult } from '../result.js'
import {
  changeOf,
  comparisonOf,
  countOf,
  earlierOf,
  kindOf,
  labelOf,
  markOf,
  rulesOf,
  VERDICTS,
  versionsOf,
} from './words.js'

export const markdown = {
  summary: 'Markdown, for a pull request or an issue',
  fileName: 'report.md',
  render: (run: AuditRun): string => `${['# Audit', provenance(run), ...blocks(run)].join('\n\n')}\n`,
} as const

/** With what it was made. */
const provenance = ({ version, node, started, seed, interrupted }: AuditRun): string =>
  `badgateway ${version}, Node ${node}, ${started.slice(0, 10)}, seed ${seed}${interrupted ? ', interrupted before its end' : ''}.`

/** Who was audited, what came out, and the evidence of each rule that does not hold. */
export const blocks = (run: Pick<AuditRun, 'audits'>): string[] => [
  subjects(run),
  ...matrix(run),
  legend,
  ...run.audits.flatMap(findings),
]

function subjects({ audits }: Pick<AuditRun, 'audits'>): string {
  const heads = ['', 'versions', 'how', ...VERDICTS.map(([, , words]) => words)]
  const rows = audits.map((audit) => [
    cell(audit.subject),
    cell(versionsOf(audit.versions).join(', ')),
    kindOf(audit),
    ...VERDICTS.map(([verdict]) => String(countOf(audit.rules, verdict))),
  ])
  return table(heads, rows)
}

export const legend = `${VERDICTS.map(([, mark, words]) => `${mark} ${words}`).join(', ')}; empty: not run.`

/** So many columns fit a page. */
const COLUMNS = 8

/** Rules by subjects: as many tables as it takes. */
export function matrix({ audits }: Pick<AuditRun, 'audits'>): string[] {
  const tables: string[] = []
  for (let from = 0; from < audits.length; from += COLUMNS) {
    const some = audits.slice(from, from + COLUMNS)
    const rows = rulesOf({ audits }).map(({ rule }) => [`\`${rule}\``, ...some.map((audit) => markIn(audit, rule))])
    tables.push(table(['rule', ...some.map(({ subject }) => cell(subject))], rows))
  }
  return tables
}

function markIn({ rules }: AuditResult, wanted: string): string {
  const found = rules.find(({ rule }) => rule === wanted)
  return found ? markOf(found.verdict) : ''
}

/** Of one subject: what does not hold, and what nobody could tell. */
function findings(audit: AuditResult): string[] {
  const failed = audit.rules.filter(({ verdict }) => verdict === 'fail')
  const unsure = audit.rules.filter(({ verdict }) => verdict === 'inconclusive')
  const against = audit.against ? [comparison(audit.against)] : []
  if (failed.length + unsure.length + against.length === 0) return []
  return [`## ${inline(labelOf(audit))}`, ...against, ...failed.flatMap(finding), ...unsure.map(unclear)]
}

function finding({ rule, because, summary, why, evidence }: RuleResult): string[] {
  const seen = evidence.length > 0 ? [`\`\`\`text\n${evidence.join('\n').replaceAll('```', "'''")}\n\`\`\``] : []
  return [`### ✗ ${rule}`, inline(because), ...seen, `Expected: ${inline(summary)}`, `Why: ${inline(why)}`]
}

const unclear = ({ rule, because }: RuleResult): string => `? \`${rule}\`: ${inline(because)}`

function comparison(against: NonNullable<AuditResult['against']>): string {
  const { worse, better, unsure, as_before } = against
  const rows = [
    ...worse.map((change) => `worse: ${changeOf(change)}`),
    ...better.map((change) => `better: ${changeOf(change)}`),
    ...unsure.map((change) => `unsure: ${changeOf(change)}`),
    ...as_before.map((rule) => `as before: ${rule}: fail`),
  ]
  const line = `Against ${earlierOf(against)}: ${comparisonOf(against)}.`
  return [inline(line), ...(rows.length > 0 ? ['', ...rows.map((row) => `- ${inline(row)}`)] : [])].join('\n')
}

export const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/** What would end a cell is a character there. */
export const cell = (value: string): string => inline(value).replace(/\|/g, '\\|')

/** What would be taken for HTML or for a mark of Markdown is a character. */
export const inline = (value: string): string =>
  value
    .replace(/[\\`*_]/g, '\\$&')
    .replace(/</g, '&lt;')
    .replace(/\s+/g, ' ')
