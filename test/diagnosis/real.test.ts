/** Small cases on real sockets: gateways see what the label says, and evidence finds it. docs/diagnosis.md has hundreds. */
import t, { type Test, test } from 'tap'
import type { JournalEvent } from '../../src/journal/events.js'
import { runScenario } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'
import type { ScenarioInput } from '../../src/scenario/schema.js'
import { type Case, drawCase } from './cases.js'
import { type Judgement, judge } from './judge.js'
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

// They mostly wait, each for sockets of its own.
t.jobs = cases.length
t.setTimeout(240_000)

for (const one of cases) {
  test(`${one.label}, ${one.manner}`, { buffered: true, timeout: 200_000 }, async (t) => {
    const drawn: Case = { ...small, ...one }
    const { said, who, effects, attempts } = await judgement(t, drawn)
    t.ok(attempts > 0)
    t.ok(effects > 0, 'what the label says took effect')
    t.equal(said.evidence?.class, drawn.label, said.evidence?.because ?? '')
    t.ok(who, 'those who are blocked, and no others')
  })
}

/** A run whose timers were later than that, a third of a gateway's patience, shows the machine and not the case. */
const LAG_LIMIT_MS = 400

/** Of the first run that the machine was not too busy for; each is twice as slow as the one before. */
async function judgement(t: Test, drawn: Case, slower = 1): Promise<Judgement> {
  const scenario = checkScenario(scenarioOf(drawn, slower) as unknown as ScenarioInput, { runnable: true })
  const events: JournalEvent[] = []
  const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), close: async () => {} })
  await runScenario({ file: 'case', scenario }, { openJournal })
  const judged = judge(drawn, events)
  const busy = events.some((event) => event.event === 'load' && event.cannot)
  if ((!busy && judged.lag_ms <= LAG_LIMIT_MS * slower) || slower === 8) return judged
  t.comment(`${slower} times as slow, too busy: timers were ${judged.lag_ms} ms late`)
  return judgement(t, drawn, 2 * slower)
}
