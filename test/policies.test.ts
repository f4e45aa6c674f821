/** Every scenario about retry policies passes; and none passes without its faults, or under its control. */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { sectionsOf } from '../src/reports/sections.js'
import { runScenario } from '../src/run.js'
import { readScenario } from '../src/scenario/files.js'

const folder = 'scenarios/policies'

for (const name of readdirSync(folder)) {
  const file = `${folder}/${name}`
  await t.test(file, async (t) => {
    const scenario = await readScenario(file)
    const { control, faults } = scenario
    const parts = (scenario.about ?? '').trim().split('\n\n')
    t.match(parts[0], /^What to look for:/)
    t.equal(parts.length, 3, 'about has three paragraphs')
    t.same(sectionsOf(scenario.tags), ['policy'])
    t.ok(`✓ ${scenario.id}  ${scenario.title}`.length <= 80, 'id and title fit into a line of 80 columns')

    const armed = await runScenario({ file, scenario })
    t.equal(armed.verdict, 'pass', JSON.stringify([armed.reason, armed.faults, armed.checks]))

    const calm = await runScenario({ file, scenario: control ?? { ...scenario, faults: [] } })
    const failed = calm.checks.filter((check) => check.verdict === 'fail' && !check.name.startsWith('fault '))
    t.not(calm.verdict, 'pass', 'without its cause it does not pass')
    t.ok(failed.length > 0, 'and a check other than "the fault fired" fails')
    t.ok(faults.length > 0 || control, 'has a cause that can be taken away')
  })
}
