/**
 * Every cause at every proxy that is installed: each gives an answer or says why not, and `explain` finds the way back, from
 * every line that a log has to say about a failure to the cause that made it. No other test runs beside it.
 */
import t, { type Test } from 'tap'
import type { Matrix } from '../../src/journal/matrix_result.js'
import { isFailure } from '../../src/journal/outcomes.js'
import { type MatrixProxy, matrix } from '../../src/matrix.js'
import { type ProxyName, proxies } from '../../src/proxies/index.js'
import { isDisputed } from '../../src/reports/matrix/words.js'
import { findScenarioFiles, readScenarios } from '../../src/scenario/files.js'
import { explainWords } from '../../src/words/index.js'
import { installed } from '../live/proxies/real.js'

/** Where a cause does not come to all of its faults, since a product does less than they need. */
const NEVER: Readonly<Record<string, string>> = {
  'poison-request at apache': 'it moves on only where no connection could be made: no other server gets the poison',
}

t.test('every cause at every proxy', async (t) => {
  const columns: MatrixProxy[] = [{ name: 'mini' }]
  for (const name of Object.keys(proxies) as ProxyName[]) {
    const product = await installed(t, name)
    if (product) columns.push({ name, product })
  }
  const loaded = await readScenarios(await findScenarioFiles(['scenarios/causes'], '.', 'scenarios'))
  const result = await matrix(loaded, columns)
  t.comment(`${result.rows.length} causes at ${columns.length} proxies in ${result.duration_ms} ms`)
  t.equal(result.rows.length, loaded.length)
  for (const { id, cells } of result.rows) {
    t.same(
      Object.keys(cells),
      columns.map(({ name }) => name),
      id,
    )
    for (const [proxy, { verdict, reason = '' }] of Object.entries(cells)) {
      const what = `${id} at ${proxy}: ${reason}`
      const known = `${id} at ${proxy}` in NEVER && verdict === 'inconclusive'
      if (known || reason.startsWith('this machine was too loaded')) t.comment(what)
      else t.notOk(verdict, what)
    }
  }
  t.ok(result.rows.filter(isDisputed).length > 10 || columns.length < 3, 'products disagree')
  explained(t, result)
})

function explained(t: Test, { rows }: Matrix): void {
  const said = rows.flatMap(({ id, cells }) =>
    Object.entries(cells).flatMap(([proxy, { outcomes }]) =>
      outcomes.flatMap((one) => (one.log === null || !isFailure(one) ? [] : [{ id, proxy, line: one.log }])),
    ),
  )
  t.ok(said.length > 100, `${said.length} lines`)
  for (const { id, proxy, line } of said) {
    const causes = explainWords(line).flatMap((one) => one.causes.map((cause) => cause.id))
    t.ok(causes.includes(id), `${id} at ${proxy}: ${line}`)
  }
}
