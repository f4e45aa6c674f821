/**
 * Every lesson passes: the claim holds, or is shown to hold only under conditions. And none passes without its fault, or
 * under its control: a comparison that cannot come out otherwise would prove nothing.
 */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { sectionsOf } from '../src/reports/sections.js'
import { runScenario } from '../src/run.js'
import { readScenario } from '../src/scenario/files.js'
import type { Scenario } from '../src/scenario/schema.js'

const folder = 'scenarios/lessons'

/** Again while the machine was too loaded to judge. */
async function run(file: string, scenario: Scenario) {
  for (let left = 9; ; left--) {
    const result = await runScenario({ file, scenario })
    if (left === 0 || !/this machine (was too loaded|reached)/.test(result.reason ?? '')) return result
  }
}

for (const name of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  const file = `${folder}/${name}`
  await t.test(file, async (t) => {
    const scenario = await readScenario(file)
    const { control, faults } = scenario
    const parts = (scenario.about ?? '').trim().split('\n\n')
    t.same(
      parts.map((part) => /^[^:]*:/.exec(part)?.[0]),
      ['The claim:', 'What is compared:', 'When it holds:'],
      'about has its three paragraphs',
    )
    t.same(sectionsOf(scenario.tags), ['lesson'])
    t.ok(`✓ ${scenario.id}  ${scenario.title}`.length <= 80, 'id and title fit into a line of 80 columns')
    t.ok(control ?? faults.length > 0, 'has a cause that can be taken away')

    const armed = await run(file, scenario)
    t.equal(armed.verdict, 'pass', JSON.stringify([armed.reason, armed.faults, armed.checks]))

    const calm = await run(file, control ?? { ...scenario, faults: [] })
    const failed = calm.checks.filter((check) => check.verdict === 'fail' && !check.name.startsWith('fault '))
    t.not(calm.verdict, 'pass', 'without its cause it does not pass')
    t.ok(failed.length > 0, 'and a check other than "the fault fired" fails')
  })
}
