/**
 * docs/audit.md: what an audit of all libraries found, as a page, and the page read back to see whether it is still so.
 * .ci/audit.mjs calls it, with results and files.
 */
import { nearest } from '../lib/nearest.js'
import { cell, inline, legend, matrix, table } from './reports/markdown.js'
import { countOf, kindOf, markOf, VERDICTS, versionsOf } from './reports/words.js'
import type { AuditResult, AuditRun, RuleResult } from './result.js'
import type { Rule } from './rule.js'

export type RuleTable = Readonly<Record<string, Pick<Rule, 'summary' | 'why'>>>

/**
 * @param about each subject in a line: the summary of a driver, the command of a program
 * @param generated the comment above all
 * @param more sections behind the tables
 */
export function auditPage(
  run: AuditRun,
  rules: RuleTable,
  about: Readonly<Record<string, string>>,
  generated: string,
  more: readonly string[] = [],
) {
  const { audits, version, node, started } = run
  return `${[
    `<!-- ${generated} -->`,
    '# Retry libraries, audited',
    intro,
    `Made on ${started.slice(0, 10)} with badgateway ${version} and Node ${node}.`,
    '## What was audited',
    subjects(audits, about),
    '## The rules',
    table(
      ['rule', 'what a good client does', 'why'],
      Object.entries(rules).map(([id, { summary, why }]) => [`\`${id}\``, cell(summary), cell(why)]),
    ),
    '## What was found',
    legend,
    ...matrix(run),
    ...more,
    '## What did not hold, and what could not be told',
    ...audits.flatMap(findings),
  ].join('\n\n')}\n`
}

const intro = `\`npx badgateway audit <library>\` calls a client in front of a real server that misbehaves, and judges what the server saw. Each
client is used as its own documentation shows, with its defaults; \`badgateway list clients\` says how. A library's own clock
runs fast, so that waits of minutes can be waited for; programs run in real time. A rule that does not hold is no verdict on
a library: some of them are a matter of settings, and the evidence of each is one command away, for example
\`npx badgateway audit got --rule spreads-retries\`.`

function subjects(audits: readonly AuditResult[], about: Readonly<Record<string, string>>): string {
  const heads = ['client', 'versions', 'how it is used', 'its clock', ...VERDICTS.map(([, mark]) => mark)]
  const rows = audits.map((audit) => [
    cell(audit.subject),
    cell(versionsOf(audit.versions).join(', ')),
    cell(about[audit.subject] ?? ''),
    kindOf(audit),
    ...VERDICTS.map(([verdict]) => String(countOf(audit.rules, verdict))),
  ])
  return table(heads, rows)
}

function findings({ subject, rules }: AuditResult): string[] {
  const open = rules.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
  if (open.length === 0) return []
  return [`### ${inline(subject)}`, open.map(findingLine).join('\n')]
}

const findingLine = ({ rule, verdict, because }: RuleResult): string =>
  `- ${markOf(verdict)} \`${rule}\`: ${inline(because)}`

/** What a page says of one subject. */
export interface PageSubject {
  versions: string
  marks: Map<string, string>
  /** Rules with a finding of their own. */
  findings: Map<string, string>
}

/** @returns by subject, as the page names them */
export function readPage(text: string): Map<string, PageSubject> {
  const found = new Map<string, PageSubject>()
  let heads: string[] = []
  let about: PageSubject | undefined
  for (const line of text.split('\n')) {
    const cells = cellsOf(line)
    if (cells?.[0] === '---') continue
    if (cells === undefined) {
      heads = []
      const [, title] = /^### (.*)/.exec(line) ?? []
      if (title !== undefined) about = found.get(title)
      const [, mark, rule] = /^- (\S) `([^`]+)`: ./.exec(line) ?? []
      if (about && mark !== undefined) about.findings.set(rule!, mark)
    } else if (heads.length === 0) heads = cells
    else if (heads[0] === 'client') {
      found.set(cells[0]!, { versions: cells[1]!, marks: new Map(), findings: new Map() })
    } else if (heads[0] === 'rule' && heads[1] !== 'what a good client does') {
      const rule = cells[0]!.replaceAll('`', '')
      for (const [at, subject] of heads.slice(1).entries()) found.get(subject)?.marks.set(rule, cells[at + 1]!)
    }
  }
  return found
}

const cellsOf = (line: string): string[] | undefined =>
  line.startsWith('| ')
    ? line
        .slice(2, -2)
        .split(/ \| /)
        .map((one) => one.trim())
    : undefined

/**
 * What is wrong with a page, whoever made it: in it are all rules and all of these libraries in the versions that are
 * installed, every mark is one, and each failure has its reason.
 */
export function problemsOf(
  page: ReadonlyMap<string, PageSubject>,
  rules: readonly string[],
  installed: ReadonlyMap<string, string>,
): string[] {
  const missing = [...installed.keys()].filter((library) => !page.has(cell(library)))
  return [
    ...missing.map((library) => `${library} is not in it${hint(library, [...page.keys()])}`),
    ...[...page].flatMap(([subject, one]) => [
      ...versionProblem(subject, one, installed),
      ...markProblems(subject, one, rules),
    ]),
  ]
}

const hint = (word: string, words: string[]): string => {
  const near = nearest(word, words)
  return near === undefined ? '' : `; ${near} is`
}

function versionProblem(subject: string, { versions }: PageSubject, installed: ReadonlyMap<string, string>): string[] {
  const now = installed.get(subject)
  return now === undefined || cell(now) === versions ? [] : [`${subject}: of ${versions}, and ${now} is installed`]
}

function markProblems(subject: string, { marks, findings }: PageSubject, rules: readonly string[]): string[] {
  const known = VERDICTS.map(([, mark]) => mark)
  const needs = ['✗', '?']
  return [
    ...rules.filter((rule) => !known.includes(marks.get(rule) ?? '')).map((rule) => `${subject}: ${rule} has no mark`),
    ...[...marks.keys()].filter((rule) => !rules.includes(rule)).map((rule) => `${subject}: there is no rule ${rule}`),
    ...[...marks]
      .filter(([rule, mark]) => needs.includes(mark) !== findings.has(rule) || (findings.get(rule) ?? mark) !== mark)
      .map(([rule, mark]) => `${subject}: ${rule} is ${mark}, and its reason is ${findings.get(rule) ?? 'missing'}`),
  ]
}

/** Where an audit of now comes out otherwise than the page says. */
export function differences(page: ReadonlyMap<string, PageSubject>, { subject, rules }: AuditResult): string[] {
  const marks = page.get(cell(subject))?.marks
  return rules
    .filter(({ rule, verdict }) => marks?.get(rule) !== markOf(verdict))
    .map(
      ({ rule, verdict, because }) =>
        `${subject}: ${rule}: ${marks?.get(rule) ?? 'nothing'} there, ${markOf(verdict)} now: ${because}`,
    )
}
