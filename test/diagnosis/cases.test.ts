/** Drawn cases keep within what docs/diagnosis.md says of them, and every one is a scenario that can run. */
import { test } from 'tap'
import { diagnosisClassNames } from '../../src/core/gateway/diagnosis/index.js'
import { checkScenario } from '../../src/scenario/parse.js'
import type { ScenarioInput } from '../../src/scenario/schema.js'
import { drawCase, manners } from './cases.js'
import { scenarioOf } from './scenario.js'

const PROFILES = ['modern', 'python_like']
const drawn = Array.from({ length: 400 }, (_, n) => drawCase(600_000 + n, PROFILES))

test('every label is drawn, in each of its manners', (t) => {
  for (const label of diagnosisClassNames) {
    const seen = new Set(drawn.filter((one) => one.label === label).map(({ manner }) => manner))
    t.same([...seen].sort(), [...manners[label]].sort(), label)
  }
  t.end()
})

test('sizes and shares are those of the page', (t) => {
  for (const { subnets, requests, unrelated, label, blocked, affected } of drawn) {
    const exits = subnets.reduce((a, b) => a + b, 0)
    t.ok(exits >= 5 && exits <= 100 && subnets.every((size) => size >= 2), `${subnets}`)
    t.ok(requests >= 20 && requests <= 200, `${requests}`)
    const others = Object.values(unrelated).reduce((a, b) => a + b, 0)
    t.ok(others >= 0.05 && others <= 0.2, `${others}`)
    t.ok(affected >= 0.01 && affected <= 0.5)
    if (label === 'exit_block')
      t.ok(blocked.length >= 1 && blocked.length <= exits / 2, `${blocked.length} of ${exits}`)
    if (label === 'subnet_block') t.ok(blocked.length >= 1 && blocked.length <= subnets.length / 2)
  }
  t.end()
})

test('blocked exits never make up a whole network', (t) => {
  for (const { subnets, blocked } of drawn.filter(({ label }) => label === 'exit_block')) {
    let first = 0
    for (const size of subnets) {
      const there = blocked.filter((exit) => exit >= first && exit < first + size).length
      t.ok(there < size)
      first += size
    }
  }
  t.end()
})

test('the same seed draws the same case, and any case can run, at any pace', (t) => {
  for (const one of drawn.slice(0, 60)) {
    t.same(drawCase(one.seed, PROFILES), one)
    const scenario = checkScenario(scenarioOf(one) as unknown as ScenarioInput, { runnable: true })
    const slow = checkScenario(scenarioOf(one, 4) as unknown as ScenarioInput, { runnable: true })
    t.equal(Object.keys(scenario.clients).length, Object.keys(slow.clients).length)
  }
  t.end()
})
