/**
 * The whole catalogue with a real proxy in the path: what comes out of each scenario, which checks of it apply, and that
 * nothing is left. What fails here is what the product does otherwise than the standard, or than our proxy: differences/
 * has a table of that for each. The gate asks nginx, test/slow/ the others; those that load the machine have a file of
 * their own.
 */
import t, { type Test } from 'tap'
import type { ScenarioResult } from '../../../src/journal/result.js'
import type { ProxyName } from '../../../src/proxies/index.js'
import { run, runScenario } from '../../../src/run.js'
import { findScenarioFiles, readScenarios } from '../../../src/scenario/files.js'
import type { Scenario } from '../../../src/scenario/schema.js'
import { repository } from '../../cli/command.js'
import { tooLoaded, untilJudged } from '../../judged.js'
import { until } from '../peers.js'
import type { Differences } from './differences/difference.js'
import { installed, ownTemporary } from './real.js'

/** @param alone those that load the machine, which no other test may run beside; or all others */
export async function proveOn(name: ProxyName, differences: Differences, alone: boolean): Promise<void> {
  const temporary = ownTemporary(t)
  process.env.TMPDIR = temporary.folder
  const product = await installed(t, name)
  if (!product) return
  const folder = `${repository}/scenarios/causes`
  const all = await readScenarios(await findScenarioFiles([folder], repository, folder))
  const loaded = all.filter(({ scenario }) => scenario.alone === alone)
  const result = await run(loaded, { proxy: product })
  t.equal(result.proxy, product.name)
  t.equal(result.scenarios.length, loaded.length)
  for (const [index, one] of result.scenarios.entries()) {
    const scenario = loaded[index]!
    await t.test(one.id, async (t) => {
      const seen = tooLoaded(one) ? await untilJudged(() => runScenario(scenario, { proxy: product })) : one
      proveOne(t, seen, scenario.scenario, differences)
    })
  }
  await t.test('nothing of it is left', async (t) => {
    await until(() => temporary.processes().length === 0)
    t.same(temporary.files(), [], 'no file')
  })
}

function proveOne(
  t: Test,
  one: ScenarioResult,
  { id, expect }: Scenario,
  { skipped, different, either, reasons }: Differences,
): void {
  t.equal(one.id, id)
  t.not(one.verdict, 'error', one.reason ?? 'it ran')
  if (skipped[id] !== undefined) {
    t.match(one, { verdict: 'skipped', reason: skipped[id], checks: [] })
    return
  }
  if (one.verdict === 'skipped') {
    t.match(one.reason, /\w/, 'a scenario that this test does not know: with a reason')
    return
  }
  t.ok(judged(one) >= 1 && one.checks.length >= expect.length, `${judged(one)} of ${one.checks.length} checks judged`)
  for (const { verdict, reason = '', name } of one.checks) {
    if (verdict === 'skipped')
      t.ok(
        reasons.some((form) => form.test(reason)),
        `${name}: ${reason}`,
      )
  }
  const depends = either[id]
  if (depends !== undefined) {
    t.ok(['pass', 'fail', 'inconclusive'].includes(one.verdict), `${one.verdict}: ${depends}`)
    return
  }
  const wanted = different[id] ?? []
  t.equal(failing(one).length, wanted.length, failing(one).join('; ') || 'no check fails')
  for (const [index, name] of failing(one).entries()) t.ok(name.startsWith(wanted[index] ?? '?'), name)
  const verdicts = wanted.length === 0 ? ['pass'] : wanted.some((name) => / fired$/.test(name)) ? NOT_SHOWN : ['fail']
  t.ok(verdicts.includes(one.verdict), `${one.verdict}: ${one.reason ?? 'all held'}`)
}

/** A fault that never fired shows nothing. */
const NOT_SHOWN = ['fail', 'inconclusive']

function judged({ checks }: ScenarioResult): number {
  return checks.filter(({ verdict }) => verdict !== 'skipped').length
}

function failing({ checks }: ScenarioResult): string[] {
  return checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive').map(({ name }) => name)
}
