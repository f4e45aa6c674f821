/** Small cases on real sockets: gateways see what the label says, and evidence finds it. docs/diagnosis.md has hundreds. */
import { test } from 'tap'
import type { JournalEvent } from '../../src/journal/events.js'
import { runScenario } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'
import type { ScenarioInput } from '../../src/scenario/schema.js'
import { type Case, drawCase } from './cases.js'
import { judge } from './judge.js'
import { scenarioOf } from './scenario.js'

const small: Case = {
  ...drawCase(1, ['modern', 'python_like']),
  subnets: [4, 4],
  requests: 25,
  affected: 0.25,
  from: 0,
  to: 1,
  edge: false,
  tls: false,
  profiles: [{ name: 'modern', share: 1 }],
  unrelated: { reset: 0.02, timeout: 0.01, busy: 0.02, truncated: 0.01 },
}

const cases: Partial<Case>[] = [
  { label: 'exit_block', manner: '403', blocked: [1, 6] },
  { label: 'subnet_block', manner: 'reset', blocked: [1] },
  { label: 'bad_credentials', manner: 'wrong', blocked: [] },
  { label: 'edge_error', manner: 'refused', blocked: [], edge: true },
]

for (const one of cases) {
  test(`${one.label}, ${one.manner}`, async (t) => {
    const drawn: Case = { ...small, ...one }
    const scenario = checkScenario(scenarioOf(drawn) as unknown as ScenarioInput, { runnable: true })
    const events: JournalEvent[] = []
    const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), close: async () => {} })
    await runScenario({ file: 'case', scenario }, { openJournal })
    const { said, who, effects, attempts } = judge(drawn, events)
    t.ok(attempts > 0)
    t.ok(effects > 0, 'what the label says took effect')
    t.equal(said.evidence?.class, drawn.label, said.evidence?.because ?? '')
    t.ok(who, 'those who are blocked, and no others')
  })
}
