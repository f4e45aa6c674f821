/** Every cause of the catalogue, with the real product and with the mini proxy in its dialect. */
import { readdirSync } from 'node:fs'
import type { AttemptEvent, JournalEvent } from '../../../src/journal/events.js'
import { fitnessOf } from '../../../src/live/proxies/fitness.js'
import { type Product, replacedHop } from '../../../src/live/proxies/stand_in.js'
import { runScenario } from '../../../src/run.js'
import { readScenario } from '../../../src/scenario/files.js'
import type { ProxyHop } from '../../../src/scenario/hops.js'
import type { Scenario } from '../../../src/scenario/schema.js'
import type { Subject } from './product.js'
import { isSame, logOf, type Row, type Seen } from './seen.js'

const FOLDER = 'scenarios/causes'

export interface Causes {
  rows: Row[]
  /** Causes that the product can't show, or in which there is no proxy, and why. */
  left: { name: string; why: string }[]
}

/** Most of a cause is waiting. */
const AT_ONCE = 4

/** Those that load the machine one after the other, behind all others. */
export async function compareCauses(subject: Subject, product: Product): Promise<Causes> {
  const files = readdirSync(FOLDER).sort()
  const all = await Promise.all(
    files.map(async (file) => ({ name: file.replace('.yaml', ''), scenario: await readScenario(`${FOLDER}/${file}`) })),
  )
  const left = all.flatMap(({ name, scenario }) => {
    const { skip } = fitnessOf(scenario, product)
    return skip === undefined ? [] : [{ name, why: skip }]
  })
  const shown = all.filter(({ name }) => !left.some((one) => one.name === name))
  const rows = new Map<string, Row>()
  const compareAll = async (some: typeof all): Promise<void> => {
    for (let next = some.shift(); next; next = some.shift()) {
      rows.set(next.name, await compareCause(subject, next.name, next.scenario, product))
    }
  }
  const together = shown.filter(({ scenario }) => !scenario.alone)
  await Promise.all(Array.from({ length: AT_ONCE }, () => compareAll(together)))
  await compareAll(shown.filter(({ scenario }) => scenario.alone))
  return { rows: shown.map(({ name }) => rows.get(name)!), left }
}

/**
 * What a busy machine, or the way in which a client's bytes arrive, made differ does not differ again and again. Where
 * moments decide, both have shown the same ways in the end.
 */
export const MOST_TIMES = 12

async function compareCause(subject: Subject, name: string, scenario: Scenario, product: Product): Promise<Row> {
  const hop = replacedHop(scenario)!
  const own = { ...scenario.hops[hop]!, dialect: subject.name } as ProxyHop
  const dialect = subject.mini?.(own) ?? own
  const worded = { ...scenario, hops: { ...scenario.hops, [hop]: dialect } }
  const ever: Row = { name, real: NOTHING, mini: NOTHING }
  for (let time = 1; ; time++) {
    const real = await observe(subject, scenario, hop, product)
    const mini = await observe(subject, worded, hop)
    const row = { name, real, mini }
    if (isSame(row)) return row
    ever.real = both(ever.real, real)
    ever.mini = both(ever.mini, mini)
    if (isSame(ever)) return ever
    if (time === MOST_TIMES) return row
  }
}

const NOTHING: Seen = { got: [], log: [] }

const both = (one: Seen, other: Seen): Seen => ({
  got: once([...one.got, ...other.got]),
  log: once([...one.log, ...other.log]),
})

/** Each thing once: how often it happens may depend on moments. */
async function observe(subject: Subject, scenario: Scenario, hop: string, proxy?: Product): Promise<Seen> {
  const journal: JournalEvent[] = []
  const file = { write: (event: JournalEvent) => void journal.push(event), close: async () => {} }
  await runScenario({ file: scenario.id, scenario }, { proxy, openJournal: () => file })
  const attempts = journal.filter((event) => event.event === 'attempt')
  const log = logOf(journal, subject, hop)
  const { to } = scenario.hops[hop] as ProxyHop
  const nameless = (line: string): string => to.reduce((said, { hop }) => said.replaceAll(hop, 'server'), line)
  return {
    got: once(attempts.map(gotBy)),
    log: once(subject.anyServer?.includes(scenario.id) ? log.map(nameless) : log),
  }
}

function gotBy({ client, status, truncated, failure, gave_up }: AttemptEvent): string {
  const what = [status ?? 'no status', truncated && 'truncated', failure?.type, gave_up && 'gave up']
  return `${client}: ${what.filter(Boolean).join(' ')}`
}

const once = (all: readonly string[]): string[] => [...new Set(all)].sort()
