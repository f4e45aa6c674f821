/** Every report of one fixed run against its golden file (GOLDEN=write makes them anew), and against its format. */
import { readFileSync, writeFileSync } from 'node:fs'
import { validate } from 'ctrf'
import pc from 'picocolors'
import { test } from 'tap'
import { convert } from 'xmlbuilder2'
import { type ReportKind, reports } from '../../src/reports/index.js'
import { plain, scenarioLines, summary } from '../../src/reports/text.js'
import { result } from './result.js'

for (const [format, { fileName, render }] of Object.entries<ReportKind>(reports)) {
  test(`the ${format} report is as it was agreed on`, async (t) => {
    const golden = `test/reports/golden/${fileName}`
    const text = render(result)
    if (process.env.GOLDEN === 'write') writeFileSync(golden, text)
    t.equal(text, readFileSync(golden, 'utf8'))
    t.ok(text.endsWith('\n') && !text.endsWith('\n\n'), 'ends with one line feed')
  })
}

test('text: a scenario with colours says the same as without', async (t) => {
  const palette = pc.createColors(true)
  const colours = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g')
  for (const scenario of result.scenarios.filter(({ id }) => id !== 'reset-before-response')) {
    const colored = scenarioLines(scenario, palette)
    t.not(colored, scenarioLines(scenario, plain))
    t.equal(colored.replace(colours, ''), scenarioLines(scenario), scenario.id)
  }
  t.equal(summary(result, palette).replace(colours, ''), summary(result))
})

test('text: what a peer says takes one line, and steers no terminal', async (t) => {
  const said = 'a\u001b[31mb\n✓ fake  passed\u009b'
  const check = { name: said, expected: said, actual: said, verdict: 'fail' } as const
  const plainly = scenarioLines({
    ...result.scenarios[0]!,
    ...({ verdict: 'fail', clients: {}, servers: {}, ranking: undefined } as const),
    reason: said,
    checks: [check],
    notes: [said],
    trace: [said],
  })
  t.notMatch(plainly, /[^\P{Cc}\n]/u)
  t.equal(plainly.match(/a\uFFFD\[31mb ✓ fake {2}passed\uFFFD/g)?.length, 6)
  t.equal(plainly.match(/^\s*✓/gm)?.length ?? 0, 0, 'no line of its own')
})

test('text: what clients saw and how long it took fit a terminal of 80 columns', async (t) => {
  for (const scenario of result.scenarios) {
    const [head, ...under] = scenarioLines({ ...scenario, checks: [] }).split('\n')
    t.ok(head, scenario.id)
    for (const line of under) t.ok(line.length <= 80, line)
  }
})

test('text: an interrupted run says so, and a run of nothing counts nothing', async (t) => {
  t.match(summary({ ...result, interrupted: true }), '1 could not run, interrupted (')
  t.match(summary({ ...result, scenarios: [] }), /^0 passed, 0 failed \(/)
})

test('json: the result itself', async (t) => {
  t.same(JSON.parse(reports.json.render(result)), result)
})

type Node = Record<string, unknown>

test('junit: reads back with every scenario, and nothing but a pass is green', async (t) => {
  const xml = reports.junit.render(result)
  const { testsuites } = convert(xml, { format: 'object' }) as { testsuites: { testsuite: Node } }
  const suite = testsuites.testsuite
  t.match(suite, { '@tests': '6', '@failures': '2', '@errors': '1', '@skipped': '1', '@time': '3.457' })
  const cases = suite.testcase as Node[]
  const green = cases.filter((one) => !one.failure && !one.error && !one.skipped)
  t.same(
    cases.map((one) => one['@name']),
    result.scenarios.map(({ id }) => id),
  )
  t.same(
    green.map((one) => one['@name']),
    ['origin-refused', 'untold'],
  )
  t.match(cases[1]?.failure, { '@type': 'fail', '#': /client plain success_rate: expected &gt;= 99%, actual 95%/ })
  t.match(cases[1]?.['system-out'], 'The origin resets &lt;the&gt; "connection" &amp; says nothing')
  t.match(cases[2]?.failure, { '@type': 'inconclusive' })
  t.notOk(xml.includes('\u001b'), 'no character that XML forbids')
})

test('ctrf: valid by its own schema, and its counts are those of its tests', async (t) => {
  const report = JSON.parse(reports.ctrf.render(result))
  t.same(validate(report), { valid: true, errors: [] })
  t.match(report.results.summary, { tests: 6, passed: 2, failed: 2, skipped: 1, other: 1, pending: 0 })
  t.equal(report.results.summary.start, Date.UTC(2026, 0, 2, 3, 4, 5, 678))
  t.equal(report.results.summary.stop - report.results.summary.start, 3457)
  t.match(report.results.tests[2], { status: 'other', rawStatus: 'inconclusive', message: /never fired/ })
  delete report.results.tool
  t.notOk(validate(report).valid, 'the validator can say no')
})
