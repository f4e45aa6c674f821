/** Every report of one fixed audit against its golden file (GOLDEN=write makes them anew), and against its format. */
import { readFileSync, writeFileSync } from 'node:fs'
import { validate } from 'ctrf'
import pc from 'picocolors'
import { test } from 'tap'
import { convert } from 'xmlbuilder2'
import { type AuditReport, auditReports } from '../../../src/audit/reports/index.js'
import { ruleLines, summary } from '../../../src/audit/reports/text.js'
import { run } from './run.js'

for (const [format, { fileName, render }] of Object.entries<AuditReport>(auditReports)) {
  test(`the ${format} report of an audit is as it was agreed on`, async (t) => {
    const golden = `test/audit/reports/golden/${fileName}`
    const text = render(run)
    if (process.env.GOLDEN === 'write') writeFileSync(golden, text)
    t.equal(text, readFileSync(golden, 'utf8'))
    t.ok(text.endsWith('\n') && !text.endsWith('\n\n'), 'ends with one line feed')
  })
}

const palette = pc.createColors(true)
const colours = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g')

test('text: with colours it says the same as without', async (t) => {
  for (const audit of run.audits) {
    for (const rule of audit.rules.filter((one) => one.rule !== 'no-duplicate-post')) {
      t.not(ruleLines(rule, palette), ruleLines(rule))
      t.equal(ruleLines(rule, palette).replace(colours, ''), ruleLines(rule), rule.rule)
    }
    t.equal(summary(audit, palette).replace(colours, ''), summary(audit))
  }
})

test('text: one line for each rule; more only where it does not hold, within 80 columns', async (t) => {
  for (const rule of run.audits.flatMap(({ rules }) => rules)) {
    const [head, ...under] = ruleLines(rule).split('\n')
    t.match(head, rule.because)
    const open = rule.verdict === 'fail' || rule.verdict === 'inconclusive'
    t.equal(under.length > 0, open && rule.verdict + rule.evidence.length !== 'inconclusive0', rule.rule)
    for (const line of under) t.ok(line.length <= 80, line)
  }
})

test('text: what a server said steers no terminal', async (t) => {
  t.notMatch(auditReports.text.render(run), '\u001b')
  t.match(auditReports.text.render(run), 'X-Note: "<b>`|*_\uFFFD[31m"')
})

test('json: the result itself', async (t) => {
  t.same(JSON.parse(auditReports.json.render(run)), run)
})

type Node = Record<string, unknown>
const list = (nodes: unknown): Node[] => (Array.isArray(nodes) ? nodes : [nodes]) as Node[]

test('junit: a suite for each subject; only what is worse than before is a failure, and nothing but a pass is green', async (t) => {
  const xml = auditReports.junit.render(run)
  const { testsuites } = convert(xml, { format: 'object' }) as { testsuites: Node }
  t.match(testsuites, { '@tests': '8', '@failures': '1', '@errors': '0', '@skipped': '4', '@time': '3.457' })
  const suites = list(testsuites.testsuite)
  t.same(
    suites.map((suite) => suite['@name']),
    ['tight 4.5.0', './client.ts#send', 'curl --retry 3 {url} (curl 7.88.1)'],
  )
  const cases = suites.flatMap(({ testcase }) => list(testcase))
  t.same(
    cases.filter((one) => !one.failure && !one.skipped).map((one) => [one['@classname'], one['@name']]),
    [
      ['tight', 'retries-502'],
      ['./client.ts#send', 'retries-502'],
      ['./client.ts#send', 'no-duplicate-post'],
    ],
  )
  t.match(cases[1]?.skipped, { '@message': /^fails as in before\.json: 3 of 4 attempts/ })
  t.match(cases[2]?.failure, { '@type': 'fail', '#': /2988 ms too early\nGET \/ at 0 ms[\s\S]*\nWhy: The server said/ })
  t.notOk(xml.includes('\u001b'), 'no character that XML forbids')
  const { against: _, ...alone } = run.audits[0]!
  t.match(auditReports.junit.render({ ...run, audits: [alone] }), 'tests="4" failures="2" errors="0" skipped="1"')
})

test('ctrf: valid by its own schema, and its counts are those of its tests', async (t) => {
  const report = JSON.parse(auditReports.ctrf.render(run))
  t.same(validate(report), { valid: true, errors: [] })
  t.match(report.results.summary, { tests: 8, passed: 3, failed: 1, skipped: 1, other: 3, pending: 0 })
  t.equal(report.results.summary.start, Date.UTC(2026, 0, 2, 3, 4, 5, 678))
  t.equal(report.results.summary.stop - report.results.summary.start, 3457)
  t.match(report.results.tests[1], { status: 'other', rawStatus: 'fail', message: /^fails as in before\.json/ })
  delete report.results.tool
  t.notOk(validate(report).valid, 'the validator can say no')
})

test('markdown: tables of at most eight subjects, and no text of a server is taken for a mark or for HTML', async (t) => {
  const text = auditReports.markdown.render({ ...run, audits: Array(9).fill(run.audits[1]) })
  const heads = text.split('\n').filter((line) => line.startsWith('| rule |'))
  t.same(
    heads.map((line) => line.split(' | ').length - 1),
    [8, 1],
  )
  const because = 'a <b>*bold*</b> `word`'
  const rules = run.audits[1]!.rules.map((rule) => ({ ...rule, verdict: 'fail' as const, because }))
  const escaped = auditReports.markdown.render({ ...run, audits: [{ ...run.audits[1]!, rules }] })
  t.match(escaped, 'a &lt;b>\\*bold\\*&lt;/b> \\`word\\`')
})
