/** Known defects on docs/audit.md: what an audit saw of each, and what nobody asked for. */
import { test } from 'tap'
import { type Defect, defectSection, unknownIn } from '../../src/audit/defects.js'
import type { AuditResult } from '../../src/audit/result.js'
import type { RuleVerdict } from '../../src/audit/rule.js'
import { run } from './reports/run.js'

function audited(subject: string, version: string, verdict: RuleVerdict, because: string): AuditResult {
  const rule = { rule: 'retries-502', summary: 's', why: 'w', verdict, because, evidence: [], duration_ms: 1 }
  return { ...run.audits[0]!, subject, versions: { lib: version }, rules: [rule] }
}

const defect: Defect = { client: 'lib', rule: 'retries-502', defect: 'It gives up', reported: 'some/lib#1' }
const mended: Defect = { ...defect, as: 'lib-old' }
const right = audited('lib', '2.0.0', 'pass', 'It tried again')
const wrong = audited('lib', '2.0.0', 'fail', 'It gave up')
const old = (verdict: RuleVerdict) => audited('lib-old', '1.0.0', verdict, 'Old it gave up')
const rows = (defects: Defect[], audits: AuditResult[]) => defectSection(defects, audits)[0]!.split('\n').slice(2)

test('a defect is there where its rule fails, and else is not seen', async (t) => {
  const row = '| It gives up | lib | some/lib#1 | `retries-502` |'
  t.same(rows([defect], [wrong]), [`${row} there: It gave up |`])
  t.same(rows([defect], [right]), [`${row} not seen: It tried again |`])
  t.match(rows([defect], [audited('lib', '2.0.0', 'inconclusive', 'Nobody knows')])[0], 'not seen: Nobody knows')
})

test('mended is only what the older version fails by and the newer one does not', async (t) => {
  t.match(rows([mended], [right, old('fail')])[0], 'mended: in lib 1.0.0 old it gave up; in lib 2.0.0 it tried again |')
  t.match(rows([mended], [wrong, old('fail')])[0], 'there in lib 1.0.0 and lib 2.0.0: It gave up |')
  t.match(rows([mended], [right, old('pass')])[0], 'not seen in lib 1.0.0: Old it gave up |')
})

test('what nobody was asked for is told', async (t) => {
  t.same(unknownIn([defect], [right]), [])
  t.same(unknownIn([mended, { ...defect, rule: 'retries-5O2' }], [right]), [
    'a known defect of lib-old: nobody asked it for retries-502',
    'a known defect of lib: nobody asked it for retries-5O2',
  ])
})
