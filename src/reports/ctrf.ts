/** Common Test Report Format (ctrf.io, schema 0.0.0), for the dashboards and CI actions that read it. */
import type { CTRFReport, Test, TestStatus } from 'ctrf'
import type { RunResult, ScenarioResult, Verdict } from '../journal/result.js'
import { failingChecks, remarks, seen } from './words.js'

export const ctrf = {
  summary: 'Common Test Report Format, for dashboards',
  fileName: 'ctrf.json',
  render: (result: RunResult): string => `${JSON.stringify(report(result), null, 2)}\n`,
} as const

/** Something that did not run to its end failed; something that showed nothing is neither. */
const STATUSES: Record<Verdict, TestStatus> = {
  pass: 'passed',
  fail: 'failed',
  error: 'failed',
  skipped: 'skipped',
  inconclusive: 'other',
}

function report(result: RunResult): CTRFReport {
  const { version, engine, proxy, seed, scenarios, duration_ms } = result
  const count = (status: TestStatus) => scenarios.filter(({ verdict }) => STATUSES[verdict] === status).length
  /** Of a text, so no clock is read. */
  const start = Date.parse(result.started)
  return {
    reportFormat: 'CTRF',
    specVersion: '0.0.0',
    timestamp: result.started,
    generatedBy: 'badgateway',
    results: {
      tool: { name: 'badgateway', version },
      summary: {
        tests: scenarios.length,
        passed: count('passed'),
        failed: count('failed'),
        skipped: count('skipped'),
        pending: count('pending'),
        other: count('other'),
        start,
        stop: start + Math.round(duration_ms),
        duration: Math.round(duration_ms),
      },
      tests: scenarios.map(testOf),
      extra: { engine, proxy, seed, verdict: result.verdict, interrupted: result.interrupted },
    },
  }
}

function testOf(scenario: ScenarioResult): Test {
  const { id, title, file, verdict, reason, duration_ms, seed, faults, checks, trace = [] } = scenario
  const problems = [reason, ...failingChecks(scenario)].filter((line) => line !== undefined)
  const output = [seen(scenario), ...remarks(scenario), ...trace].filter((line) => line !== '')
  return {
    testId: id,
    name: `${id}: ${title}`,
    status: STATUSES[verdict],
    rawStatus: verdict,
    duration: Math.round(duration_ms),
    filePath: file,
    ...(verdict !== 'pass' && problems.length > 0 ? { message: problems.join('\n') } : {}),
    ...(output.length > 0 ? { stdout: output } : {}),
    extra: { seed, faults, checks },
  }
}
