/**
 * Causes at several proxies: the same scenario with each of them in its place, and what its client saw of it. The command
 * line calls it; run.ts runs each one. Nothing is judged here but whether the cause was there at all.
 */
import { setMaxListeners } from 'node:events'
import type { DialectName } from './dialects/index.js'
import type { JournalEvent } from './journal/events.js'
import type { Cell, Matrix, MatrixRow } from './journal/matrix_result.js'
import { createOutcomes, type Outcomes } from './journal/outcomes.js'
import type { ScenarioResult } from './journal/result.js'
import { sideBySide } from './lib/side_by_side.js'
import { clientsOf } from './live/proxies/fitness.js'
import { type Product, replacedHop } from './live/proxies/stand_in.js'
import { type LoadedScenario, PARALLEL, runScenario } from './run.js'
import type { Scenario } from './scenario/schema.js'
import { subjectOf } from './scenario/subject.js'
import { version } from './version.js'

/** A column: a product, or the mini proxy, as scenarios have it or with a product's dialect. */
export interface MatrixProxy {
  /** `mini`, `mini:nginx`, `nginx` */
  name: string
  product?: Product | undefined
  dialect?: DialectName | undefined
}

export interface MatrixOptions {
  /** Instead of the seed in the files. */
  seed?: number | undefined
  /** Ends it: what ran is told, `interrupted` is set. */
  signal?: AbortSignal
  /** Causes side by side, but for those that run alone; 4 if absent. */
  parallel?: number
  /** Told each row that is done. */
  onRow?: (row: MatrixRow) => void
}

/**
 * A row's proxies take turns, so that a fixed port is free for each; rows run side by side, and afterwards those that are
 * marked `alone`, one by one. What was inconclusive then gets a second try, with nothing beside it.
 */
export async function matrix(
  loaded: readonly LoadedScenario[],
  proxies: readonly MatrixProxy[],
  options: MatrixOptions = {},
): Promise<Matrix> {
  const started = new Date()
  const signal = options.signal ?? new AbortController().signal
  // Everyone who waits in a scenario listens to it.
  setMaxListeners(0, signal)
  const rows = new Map(loaded.map((one) => [one, emptyRow(one.scenario)]))
  const runRow = async (one: LoadedScenario): Promise<void> => {
    const row = rows.get(one)!
    for (const proxy of proxies) {
      if (signal.aborted) return
      await fill(row, one, proxy, options, signal)
    }
    if (!signal.aborted) options.onRow?.(row)
  }
  const alone = (scenarios: readonly LoadedScenario[]) => sideBySide(scenarios, 1, signal, runRow)
  await sideBySide(
    loaded.filter(({ scenario }) => !scenario.alone),
    options.parallel ?? PARALLEL,
    signal,
    runRow,
  )
  await alone(loaded.filter(({ scenario }) => scenario.alone))
  for (const [one, row] of rows) {
    for (const proxy of proxies) {
      if (row.cells[proxy.name]?.verdict === 'inconclusive' && !signal.aborted)
        await fill(row, one, proxy, options, signal)
    }
  }
  return {
    version,
    versions: Object.fromEntries(proxies.map(({ name, product }) => [name, versionOf(product)])),
    date: started.toISOString(),
    seed: options.seed ?? loaded[0]?.scenario.seed ?? 1,
    duration_ms: Date.now() - started.getTime(),
    interrupted: signal.aborted,
    rows: [...rows.values()],
  }
}

/** A product calls itself `nginx 1.22.1`. */
const versionOf = (product: Product | undefined): string =>
  product === undefined ? version : product.name.slice(product.name.indexOf(' ') + 1)

function emptyRow(scenario: Scenario): MatrixRow {
  const { id, title, tags } = scenario
  return { id, title, tags, client: subjectOf(scenario, clientsAt(scenario, replacedHop(scenario))) ?? '', cells: {} }
}

/** All of them where there is no proxy that they could pass. */
const clientsAt = (scenario: Scenario, hop: string | undefined): string[] =>
  hop === undefined ? Object.keys(scenario.clients) : clientsOf(scenario, hop)

/** A cell that was interrupted is none. */
async function fill(
  row: MatrixRow,
  one: LoadedScenario,
  proxy: MatrixProxy,
  { seed }: MatrixOptions,
  signal: AbortSignal,
): Promise<void> {
  const cell = await cellOf(one, row.client, proxy, seed, signal)
  if (!signal.aborted) row.cells[proxy.name] = cell
}

/** Longer loads are ended after that time, as soon as the client has failed so often and every fault has fired. */
const LONG_MS = 2_000
const OFTEN_ENOUGH = 10

async function cellOf(
  { file, scenario }: LoadedScenario,
  client: string,
  { product, dialect }: MatrixProxy,
  seed: number | undefined,
  signal: AbortSignal,
): Promise<Cell> {
  const hop = replacedHop(scenario)
  if (dialect !== undefined && hop === undefined) return { ...NOTHING, skipped: 'there is no proxy in it' }
  const outcomes = createOutcomes(hop, clientsAt(scenario, hop))
  const enough = new AbortController()
  const silent = new Set(scenario.faults.map(({ id }) => id))
  let [lagMs, broken] = [0, false]
  const write = (event: JournalEvent): void => {
    outcomes.add(event)
    if (event.event === 'fault') silent.delete(event.fault)
    if (event.event === 'error') broken = true
    if (event.event === 'lag') lagMs = Math.max(lagMs, event.max_ms)
    if (event.t >= LONG_MS && silent.size === 0 && outcomes.failed(client) >= OFTEN_ENOUGH) enough.abort()
  }
  const shown = { ...scenario, ...spoken(scenario, hop, dialect), expect: [] }
  const both = AbortSignal.any([signal, enough.signal])
  setMaxListeners(0, both)
  const openJournal = () => ({ write, close: async () => {} })
  const result = await runScenario({ file, scenario: shown }, { seed, signal: both, proxy: product, openJournal })
  const early = enough.signal.aborted && !broken && lagMs <= (scenario.max_lag ?? Number.POSITIVE_INFINITY)
  return told(result, outcomes, client, early)
}

/** Its hops, with that dialect at the one that is looked at. */
function spoken({ hops }: Scenario, hop: string | undefined, dialect: DialectName | undefined): Partial<Scenario> {
  if (hop === undefined || dialect === undefined) return {}
  return { hops: { ...hops, [hop]: { ...hops[hop]!, dialect } as Scenario['hops'][string] } }
}

const NOTHING: Cell = { status: null, truncated: false, client_error: null, log: null, outcomes: [] }

/** What did not happen as the scenario says is no result, whatever clients saw of it. */
function told({ verdict, reason, notes }: ScenarioResult, outcomes: Outcomes, client: string, early: boolean): Cell {
  const more = notes && { notes }
  if (verdict === 'skipped') return { ...NOTHING, ...more, skipped: reason! }
  if (!early && (verdict === 'error' || verdict === 'inconclusive')) {
    return { ...NOTHING, ...more, verdict, reason: reason! }
  }
  const all = outcomes.all(client)
  const [first] = all
  if (first === undefined || first.client !== client) {
    return { ...NOTHING, ...more, verdict: 'inconclusive', reason: `client "${client}" has sent nothing` }
  }
  const { status, truncated, client_error, log } = first
  return { status, truncated, client_error, log, outcomes: all, ...more, ...(early && { ended_early: true }) }
}
