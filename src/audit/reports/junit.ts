/**
 * JUnit XML of an audit: a suite for each subject, a case for each rule. Only what makes the command fail is a failure: what
 * could not be shown or asked for, and what fails as in the baseline, is skipped with its reason.
 */
import { create } from 'xmlbuilder2'
import type { AuditResult, AuditRun, RuleResult } from '../result.js'
import { isKnown, labelOf, told } from './words.js'

export const junit = {
  summary: 'JUnit XML, for CI servers',
  fileName: 'junit.xml',
  render({ audits, started, duration_ms }: AuditRun): string {
    const document = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' })
    const suites = document.ele('testsuites', { name: 'badgateway audit', ...totals(audits, duration_ms) })
    for (const audit of audits) addSuite(suites, audit, started)
    return `${document.end({ prettyPrint: true })}\n`
  },
} as const

type Parent = ReturnType<typeof create>

function addSuite(parent: Parent, audit: AuditResult, started: string): void {
  const { subject, rules, duration_ms, version, kind, node, time_scale, seed, verdict } = audit
  const attributes = { name: labelOf(audit), ...totals([audit], duration_ms), timestamp: started.slice(0, 19) }
  const suite = parent.ele('testsuite', attributes)
  const properties = suite.ele('properties')
  for (const [name, value] of Object.entries({ version, kind, node, time_scale, seed, verdict })) {
    properties.ele('property', { name, value: String(value) })
  }
  for (const rule of rules) {
    const test = suite.ele('testcase', { name: rule.rule, classname: subject, time: seconds(rule.duration_ms) })
    const ending = endingOf(audit, rule)
    const message = told(audit, rule)
    if (ending === 'skipped') test.ele('skipped', { message })
    if (ending === 'failure') {
      test
        .ele('failure', { type: rule.verdict, message })
        .txt([message, ...rule.evidence, `Expected: ${rule.summary}`, `Why: ${rule.why}`].join('\n'))
    }
    test.ele('system-out').txt([rule.summary, rule.because, ...rule.evidence].join('\n'))
  }
}

function endingOf(audit: AuditResult, rule: RuleResult): 'failure' | 'skipped' | undefined {
  if (rule.verdict === 'pass') return undefined
  return rule.verdict === 'fail' && !isKnown(audit, rule) ? 'failure' : 'skipped'
}

function totals(audits: readonly AuditResult[], duration_ms: number) {
  const endings = audits.flatMap((audit) => audit.rules.map((rule) => endingOf(audit, rule)))
  const count = (wanted: 'failure' | 'skipped') => endings.filter((ending) => ending === wanted).length
  return {
    tests: endings.length,
    failures: count('failure'),
    errors: 0,
    skipped: count('skipped'),
    time: seconds(duration_ms),
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3)
