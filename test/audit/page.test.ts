/** docs/audit.md: what is written can be read back, and what is wrong with a page is found. */
import { test } from 'tap'
import { auditPage, differences, problemsOf, readPage } from '../../src/audit/page.js'
import { run } from './reports/run.js'

const [tight, own] = run.audits.map((audit, at) => (at === 1 ? { ...audit, subject: 'own' } : audit))
const rules = Object.fromEntries(tight!.rules.map(({ rule, summary, why }) => [rule, { summary, why }]))
const ids = Object.keys(rules)
const whole = { ...own!, rules: tight!.rules.map((rule) => ({ ...rule, verdict: 'pass' as const })) }
const text = auditPage({ ...run, audits: [tight!, whole] }, rules, { tight: 'as | it is' }, 'Generated')
const installed = new Map([
  ['tight', 'tight 4.5.0'],
  ['own', ''],
])

test('a page says who, in which version, by which rules, what came out and why', async (t) => {
  t.match(text, /^<!-- Generated -->\n\n# Retry libraries, audited\n/)
  t.match(text, 'Made on 2026-01-02 with badgateway 0.1.0 and Node 20.19.0.')
  t.match(text, '| tight | tight 4.5.0 | as \\| it is | library, its clock 50 times as fast | 1 | 2 | 1 | 0 |')
  t.match(text, '| `no-duplicate-post` | ✗ | ✓ |')
  t.match(text, '### tight\n\n- ✗ `no-duplicate-post`: 3 of 4 attempts were applied, without a key\n')
  t.notMatch(text, '### own')
  t.ok(text.endsWith('\n') && !text.endsWith('\n\n'))
})

test('what is written reads back, and nothing is wrong with it', async (t) => {
  const page = readPage(text)
  t.same([...page.keys()], ['tight', 'own'])
  t.same(Object.fromEntries(page.get('tight')!.marks), {
    'retries-502': '✓',
    'no-duplicate-post': '✗',
    'honours-retry-after': '✗',
    'spreads-retries': '?',
  })
  t.same([...page.get('tight')!.findings.keys()], ['no-duplicate-post', 'honours-retry-after', 'spreads-retries'])
  t.same(problemsOf(page, ids, installed), [])
  t.same([...differences(page, tight!), ...differences(page, whole)], [])
})

test('what is wrong with a page is told', async (t) => {
  const problems = (changed: string, all = ids, there = installed) => problemsOf(readPage(changed), all, there)
  t.same(problems(text, [...ids, 'new']), ['tight: new has no mark', 'own: new has no mark'])
  t.same(problems(text, ids.slice(1)), ['tight: there is no rule retries-502', 'own: there is no rule retries-502'])
  t.same(problems(text, ids, new Map([['tight', 'tight 4.6.0']])), [
    'tight: of tight 4.5.0, and tight 4.6.0 is installed',
  ])
  t.same(problems(text, ids, new Map([...installed, ['tigth', 'x']])), ['tigth is not in it; tight is'])
  t.same(problems(text.replace(/^- ✗ `no-dup.*\n/m, '')), ['tight: no-duplicate-post is ✗, and its reason is missing'])
  t.same(problems(text.replace('| `no-duplicate-post` | ✗', '| `no-duplicate-post` | ✓')), [
    'tight: no-duplicate-post is ✓, and its reason is ✗',
  ])
  t.same(problems(text.replace('| `retries-502` | ✓', '| `retries-502` | x')), ['tight: retries-502 has no mark'])
  t.same(problems(''), ['tight is not in it', 'own is not in it'])
})

test('an audit that comes out otherwise than the page says is told, rule by rule', async (t) => {
  const page = readPage(text)
  const now = { ...tight!, rules: tight!.rules.map((rule) => ({ ...rule, verdict: 'pass' as const, because: 'so' })) }
  t.same(differences(page, now), [
    'tight: no-duplicate-post: ✗ there, ✓ now: so',
    'tight: honours-retry-after: ✗ there, ✓ now: so',
    'tight: spreads-retries: ? there, ✓ now: so',
  ])
  t.equal(differences(page, { ...now, subject: 'other' }).length, 4)
})
