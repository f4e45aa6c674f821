/** Common Test Report Format of an audit (ctrf.io, schema 0.0.0): a test for each rule of each subject. */
import type { CTRFReport, Test, TestStatus } from 'ctrf'
import type { AuditResult, AuditRun, RuleResult } from '../result.js'
import type { RuleVerdict } from '../rule.js'
import { isKnown, labelOf, told } from './words.js'

export const ctrf = {
  summary: 'Common Test Report Format, for dashboards',
  fileName: 'ctrf.json',
  render: (run: AuditRun): string => `${JSON.stringify(report(run), null, 2)}\n`,
} as const

const STATUSES: Record<RuleVerdict, TestStatus> = {
  pass: 'passed',
  fail: 'failed',
  not_applicable: 'skipped',
  inconclusive: 'other',
}

/** What fails as in the baseline is neither: it is not what this run is judged by. */
const statusOf = (audit: AuditResult, rule: RuleResult): TestStatus =>
  isKnown(audit, rule) ? 'other' : STATUSES[rule.verdict]

function report({ version, node, seed, verdict, interrupted, started, duration_ms, audits }: AuditRun): CTRFReport {
  const tests = audits.flatMap((audit) => audit.rules.map((rule) => testOf(audit, rule)))
  const count = (status: TestStatus) => tests.filter((test) => test.status === status).length
  /** Of a text, so no clock is read. */
  const start = Date.parse(started)
  return {
    reportFormat: 'CTRF',
    specVersion: '0.0.0',
    timestamp: started,
    generatedBy: 'badgateway audit',
    results: {
      tool: { name: 'badgateway', version },
      summary: {
        tests: tests.length,
        passed: count('passed'),
        failed: count('failed'),
        skipped: count('skipped'),
        pending: count('pending'),
        other: count('other'),
        start,
        stop: start + Math.round(duration_ms),
        duration: Math.round(duration_ms),
      },
      tests,
      extra: { node, seed, verdict, interrupted },
    },
  }
}

function testOf(audit: AuditResult, rule: RuleResult): Test {
  const { subject, kind, versions, time_scale } = audit
  return {
    testId: `${subject} ${rule.rule}`,
    name: `${subject}: ${rule.rule}: ${rule.summary}`,
    suite: [labelOf(audit)],
    status: statusOf(audit, rule),
    rawStatus: rule.verdict,
    duration: Math.round(rule.duration_ms),
    ...(rule.verdict !== 'pass' ? { message: told(audit, rule) } : {}),
    ...(rule.evidence.length > 0 ? { stdout: rule.evidence } : {}),
    extra: { because: rule.because, why: rule.why, kind, versions, time_scale },
  }
}
