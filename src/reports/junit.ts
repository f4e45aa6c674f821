/**
 * JUnit XML as Jenkins, GitLab and GitHub's reporters read it. The format knows no inconclusive: since it must not be
 * green, it is a failure of that type.
 */
import { create } from 'xmlbuilder2'
import type { RunResult, ScenarioResult, Verdict } from '../journal/result.js'
import { failingChecks, remarks, seen } from './words.js'

export const junit = {
  summary: 'JUnit XML, for CI servers',
  fileName: 'junit.xml',
  render(result: RunResult): string {
    const { scenarios } = result
    const totals = {
      tests: scenarios.length,
      failures: countOf(scenarios, 'failure'),
      errors: countOf(scenarios, 'error'),
      skipped: countOf(scenarios, 'skipped'),
      time: seconds(result.duration_ms),
    }
    const document = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' })
    const suite = document
      .ele('testsuites', { name: 'badgateway', ...totals })
      .ele('testsuite', { name: 'badgateway', ...totals, timestamp: result.started.slice(0, 19) })
    const properties = suite.ele('properties')
    for (const name of ['version', 'engine', 'proxy', 'seed', 'verdict'] as const) {
      properties.ele('property', { name, value: String(result[name]) })
    }
    for (const scenario of scenarios) addCase(suite, scenario)
    return `${document.end({ prettyPrint: true })}\n`
  },
} as const

const ELEMENTS: Record<Verdict, 'failure' | 'error' | 'skipped' | undefined> = {
  pass: undefined,
  fail: 'failure',
  inconclusive: 'failure',
  error: 'error',
  skipped: 'skipped',
}

const countOf = (scenarios: readonly ScenarioResult[], element: 'failure' | 'error' | 'skipped'): number =>
  scenarios.filter(({ verdict }) => ELEMENTS[verdict] === element).length

const seconds = (ms: number): string => (ms / 1000).toFixed(3)

type Parent = ReturnType<typeof create>

function addCase(suite: Parent, scenario: ScenarioResult): void {
  const { id, title, file, verdict, reason = verdict, duration_ms, trace = [] } = scenario
  const attributes = { name: id, classname: 'badgateway', file, time: seconds(duration_ms) }
  const test = suite.ele('testcase', attributes)
  const element = ELEMENTS[verdict]
  if (element === 'skipped') test.ele('skipped', { message: reason })
  else if (element) {
    test.ele(element, { type: verdict, message: reason }).txt([reason, ...failingChecks(scenario)].join('\n'))
  }
  test.ele('system-out').txt([title, seen(scenario), ...remarks(scenario), ...trace].filter(Boolean).join('\n'))
}
