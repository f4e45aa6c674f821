/**
 * Every scenario beside the causes passes: lessons (a claim holds, or is shown to hold only under conditions), classics
 * (a published model, counted exactly) and policies. And none passes without its fault, or under its control: a
 * comparison that cannot come out otherwise would prove nothing. They load the machine: no other test runs beside them.
 */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { sectionsOf } from '../../src/reports/sections.js'
import { runScenario } from '../../src/run.js'
import { readScenario } from '../../src/scenario/files.js'
import type { Scenario } from '../../src/scenario/schema.js'
import { untilJudged } from '../judged.js'

/** Their section, and how the three paragraphs of `about` begin, where that is settled. */
const folders = {
  lessons: { section: 'lesson', begins: ['The claim:', 'What is compared:', 'When it holds:'] },
  classics: { section: 'classic', begins: ['The model:', 'What is counted:', 'Where it is from:'] },
  policies: { section: 'policy', begins: ['What to look for:', undefined, undefined] },
} as const

// Two at a time: most of each is waiting.
t.jobs = 2

for (const [folder, { section, begins }] of Object.entries(folders)) {
  const files = readdirSync(`scenarios/${folder}`).filter((name) => name.endsWith('.yaml'))
  for (const name of files) {
    const file = `${folder}/${name}`
    t.test(file, { buffered: true }, (t) => prove(t, `scenarios/${file}`, section, begins))
  }
}

async function prove(t: Tap, file: string, section: string, begins: readonly (string | undefined)[]): Promise<void> {
  const scenario = await readScenario(file)
  const { control, faults } = scenario
  const parts = (scenario.about ?? '').trim().split('\n\n')
  t.equal(parts.length, begins.length, 'about has three paragraphs')
  for (const [n, begin] of begins.entries()) if (begin !== undefined) t.ok(parts[n]?.startsWith(begin), begin)
  t.same(sectionsOf(scenario.tags), [section])
  t.ok(`✓ ${scenario.id}  ${scenario.title}`.length <= 80, 'id and title fit into a line of 80 columns')
  t.ok(control ?? faults.length > 0, 'has a cause that can be taken away')

  const armed = await run(file, scenario)
  t.equal(armed.verdict, 'pass', JSON.stringify([armed.reason, armed.faults, armed.checks]))

  const calm = await run(file, control ?? { ...scenario, faults: [] })
  const failed = calm.checks.filter((check) => check.verdict === 'fail' && !check.name.startsWith('fault '))
  t.not(calm.verdict, 'pass', 'without its cause it does not pass')
  t.ok(failed.length > 0, 'and a check other than "the fault fired" fails')
}

type Tap = Pick<typeof t, 'equal' | 'ok' | 'same' | 'not'>

const run = (file: string, scenario: Scenario) => untilJudged(() => runScenario({ file, scenario }))
