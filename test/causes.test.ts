/**
 * Every cause passes; and none passes without its fault, or with a neighbouring one. A scenario that could not fail
 * would prove nothing.
 */
import { readdirSync } from 'node:fs'
import t from 'tap'
import type { Effect } from '../src/core/fault/effects/index.js'
import type { Fault } from '../src/core/fault/fault.js'
import { runScenario } from '../src/run.js'
import { readScenario } from '../src/scenario/files.js'
import type { Scenario } from '../src/scenario/schema.js'

const folder = 'scenarios/causes'
const files = readdirSync(folder).map((name) => `${folder}/${name}`)

/** What a careless rig might do instead: it looks alike from afar. */
function neighbour(fault: Fault): Fault {
  const swap: Record<Effect['type'], Effect> = {
    refuse: { type: 'close' },
    reset: { type: 'close' },
    close: { type: 'reset' },
    stall: { type: 'close' },
    certificate: { type: 'certificate', kind: 'wrong_host' },
  }
  const effect = swap[fault.effect.type]
  return { ...fault, effect, at: fault.at.type === 'connect' ? { type: 'accept' } : fault.at }
}

const run = (file: string, scenario: Scenario) => runScenario({ file, scenario })

for (const file of files) {
  t.test(file, async (t) => {
    const scenario = await readScenario(file)
    t.ok(scenario.about, 'says what to look for')

    const armed = await run(file, scenario)
    t.equal(armed.verdict, 'pass', JSON.stringify(armed.checks))

    const disarmed = await run(file, { ...scenario, faults: [] })
    const failed = disarmed.checks.filter((check) => check.verdict === 'fail')
    t.not(disarmed.verdict, 'pass', 'disarmed it does not pass')
    t.ok(failed.length > 0, 'and a check other than "the fault fired" fails')

    const beside = await run(file, { ...scenario, faults: scenario.faults.map(neighbour) })
    t.equal(beside.verdict, 'fail', 'with a neighbouring effect it fails')
    for (const fault of beside.faults) t.ok(fault.fired, 'though the neighbour fired')
  })
}
