/** What got worse against an earlier result, and what no baseline is. */
import { test } from 'tap'
import { compareWith, findEarlier, parseBaseline, runVerdict } from '../../src/audit/baseline.js'
import type { AuditResult, RuleResult } from '../../src/audit/result.js'
import type { RuleVerdict } from '../../src/audit/rule.js'
import { ScenarioError } from '../../src/lib/errors.js'
import { run } from './reports/run.js'

const rule = (id: string, verdict: RuleVerdict): RuleResult => ({
  rule: id,
  verdict,
  summary: '',
  why: '',
  because: '',
  evidence: [],
  duration_ms: 0,
})

const earlier = (rules: Record<string, RuleVerdict>) => ({
  subject: 'got',
  versions: { got: '14.0.0' },
  started: '2026-01-01T00:00:00.000Z',
  interrupted: false,
  rules: Object.entries(rules).map(([name, verdict]) => ({ rule: name, verdict })),
})

const VERDICTS = ['pass', 'fail', 'not_applicable', 'inconclusive'] as const

test('every verdict against every other one', async (t) => {
  const expected: Record<string, string> = {
    'pass fail': 'worse',
    'not_applicable fail': 'worse',
    'inconclusive fail': 'worse',
    'absent fail': 'worse',
    'fail pass': 'better',
    'pass not_applicable': 'unsure',
    'pass inconclusive': 'unsure',
    'fail not_applicable': 'unsure',
    'fail inconclusive': 'unsure',
    'fail fail': 'as_before',
  }
  for (const before of [...VERDICTS, 'absent'] as const) {
    for (const now of VERDICTS) {
      const against = compareWith([rule('a', now)], earlier(before === 'absent' ? {} : { a: before }), 'f.json')
      const { worse, better, unsure, as_before } = against
      const found = Object.entries({ worse, better, unsure, as_before }).filter(([, changes]) => changes.length > 0)
      const wanted = expected[`${before} ${now}`]
      t.same(
        found.map(([what]) => what),
        wanted === undefined ? [] : [wanted],
        `${before} ${now}`,
      )
    }
  }
})

test('what was not run now is neither worse nor better', async (t) => {
  const against = compareWith([rule('a', 'pass')], earlier({ a: 'pass', b: 'fail', c: 'pass' }), 'f.json')
  t.match(against, { file: 'f.json', versions: { got: '14.0.0' }, worse: [], better: [], unsure: [], as_before: [] })
})

test('the verdict of a run: a failure that was there before is none', async (t) => {
  const audit = (verdict: AuditResult['verdict'], rules: RuleResult[], before?: Record<string, RuleVerdict>) => ({
    ...run.audits[1]!,
    verdict,
    rules,
    ...(before && { against: compareWith(rules, earlier(before), 'f.json') }),
  })
  const failing = [rule('a', 'fail')]
  t.equal(runVerdict([audit('fail', failing)]), 'fail')
  t.equal(runVerdict([audit('fail', failing, { a: 'fail' })]), 'pass')
  t.equal(runVerdict([audit('fail', failing, { a: 'pass' })]), 'fail')
  t.equal(runVerdict([audit('fail', failing, {})]), 'fail')
  t.equal(runVerdict([audit('pass', []), audit('inconclusive', [])]), 'inconclusive')
  t.equal(runVerdict([audit('inconclusive', []), audit('fail', failing)]), 'fail')
  t.equal(runVerdict([audit('pass', [])]), 'pass')
  t.equal(runVerdict([]), 'inconclusive')
})

test('a run of the command and the result of one subject are both baselines', async (t) => {
  const ofRun = parseBaseline(JSON.stringify({ ...run, audits: run.audits.slice(0, 2) }), 'f.json')
  t.same(
    ofRun.map(({ subject, rules }) => [subject, rules.length]),
    [
      ['tight', 4],
      ['./client.ts#send', 3],
    ],
  )
  t.match(parseBaseline(JSON.stringify(run.audits[0]), 'f.json'), [{ subject: 'tight', versions: { tight: '4.5.0' } }])
})

test('what is none is refused, with the place and the reason', async (t) => {
  const one = run.audits[0]!
  const cases: [value: unknown, ...says: (string | RegExp)[]][] = [
    ['{ "rules": ', /^f\.json: not the result of an audit, for it is no JSON: /],
    [null, /^f\.json: not the result of an audit: .*expected object/],
    [[], /^f\.json: not the result of an audit: /],
    [{ scenarios: [] }, 'f.json: not the result of an audit, but of "badgateway run"'],
    [
      { ...one, rules: [{ rule: 'a', verdict: 'green' }] },
      /^f\.json: rules\[0\]\.verdict: not the result of an audit: /,
    ],
    [{ audits: [one, { ...one, subject: 1 }] }, /^f\.json: audits\[1\]\.subject: not the result of an audit: /],
    [{ ...one, subject: undefined, rules: 7 }, /, and 1 more such$/],
    [run, 'f.json: the audit of curl --retry 3 {url} was interrupted', 'make it again'],
  ]
  for (const [value, ...says] of cases) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const error = t.throws(() => parseBaseline(text, 'f.json'), ScenarioError) as Error
    for (const wanted of says) t.match(error.message, wanted)
  }
})

test('a baseline of another subject is refused, with all that it lacks', async (t) => {
  const there = [earlier({})]
  t.doesNotThrow(() => findEarlier(['got'], there, 'f.json'))
  const error = t.throws(() => findEarlier(['ky', 'got', 'ofetch'], there, 'f.json'), ScenarioError) as Error
  t.equal(
    error.message,
    'f.json: a baseline of got: it tells nothing of ky\nf.json: a baseline of got: it tells nothing of ofetch',
  )
  t.throws(() => findEarlier(['ky'], [], 'f.json'), /a baseline of nothing/)
})
