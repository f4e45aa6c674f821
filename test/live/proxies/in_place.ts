/** What the tests of single products share: a run with the product in the place of `lb`, and whether all of it is gone. */
import type { Test } from 'tap'
import type { ForwardEvent, JournalEvent } from '../../../src/journal/events.js'
import type { ScenarioResult } from '../../../src/journal/result.js'
import type { Product } from '../../../src/live/proxies/stand_in.js'
import { runScenario } from '../../../src/run.js'
import { until } from '../peers.js'
import { loaded, type ownTemporary } from './real.js'

export interface Ran {
  result: ScenarioResult
  events: JournalEvent[]
  forwards: ForwardEvent[]
}

/** @param proxy undefined: the mini proxy stays */
export async function ranWith(
  proxy: Product | undefined,
  input: object,
  meanwhile: (event: JournalEvent) => void = () => {},
): Promise<Ran> {
  const events: JournalEvent[] = []
  const write = (event: JournalEvent): void => {
    events.push(event)
    meanwhile(event)
  }
  const result = await runScenario(loaded(input), { proxy, openJournal: () => ({ write, close: async () => {} }) })
  return { result, events, forwards: events.filter((event) => event.event === 'forward') }
}

/** Two origins behind `lb`, or those that it says. */
export function behind(lb: object, more: object = {}) {
  const { to = ['app1', 'app2'] } = lb as { to?: (string | { hop: string })[] }
  const origins = to.map((edge) => [typeof edge === 'string' ? edge : edge.hop, { kind: 'origin' }])
  return {
    hops: { ...Object.fromEntries(origins), lb: { kind: 'proxy', to, ...lb } },
    clients: { plain: { to: 'lb', load: { requests: 4 } } },
    expect: [{ client: 'plain', status: 200, count: '= 4' }],
    ...more,
  }
}

/** What was killed may take a moment until it is no more. */
export async function nothingLeft(t: Test, temporary: ReturnType<typeof ownTemporary>): Promise<void> {
  await until(() => temporary.processes().length === 0)
  t.same(temporary.files(), [], 'no file is left')
}
