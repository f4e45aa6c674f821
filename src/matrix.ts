/**
 * Causes at several proxies: the same scenario with each of them in its place, and what its client saw of it. The command
 * line calls it; run.ts runs each one. Nothing is judged here but whether the cause was there at all.
 */
import { setMaxListeners } from 'node:events'
import { tooLoaded } from './checks/verdict.js'
import { type DialectName, dialects, errorLogOf } from './dialects/index.js'
import type { JournalEvent } from './journal/events.js'
import type { Cell, Matrix, MatrixRow, Outcome } from './journal/matrix_result.js'
import { createOutcomes } from './journal/outcomes.js'
import type { ScenarioResult } from './journal/result.js'
import { sideBySide } from './lib/side_by_side.js'
import type { Product } from './live/proxies/stand_in.js'
import { loadParts } from './live/start.js'
import { type LoadedScenario, PARALLEL, runScenario } from './run.js'
import type { Hop, ProxyHop } from './scenario/hops.js'
import type { Scenario } from './scenario/schema.js'
import { type Subject, subjectOf } from './scenario/subject.js'
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

/** What was inconclusive beside others, or for want of time, may be shown then. */
const SECOND_TRIES = 2

/**
 * A row's proxies take turns, so that a fixed port is free for each; rows run side by side, and afterwards those that are
 * marked `alone`, one by one. What was inconclusive is tried again then.
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
  const all = loaded.map(subjected)
  const runRow = async (one: Subjected): Promise<void> => {
    for (const proxy of proxies) if (!signal.aborted) await fill(one, proxy, options, signal)
    if (!signal.aborted) options.onRow?.(one.row)
  }
  await loadParts(all.map(({ scenario }) => scenario))
  const [alone, together] = [true, false].map((wanted) => all.filter(({ scenario }) => scenario.alone === wanted))
  await sideBySide(together!, options.parallel ?? PARALLEL, signal, runRow)
  await sideBySide(alone!, 1, signal, runRow)
  for (let again = 0; again < SECOND_TRIES; again++) {
    for (const one of all) {
      const unsure = proxies.filter(({ name }) => one.row.cells[name]?.verdict === 'inconclusive')
      for (const proxy of unsure) if (!signal.aborted) await fill(one, proxy, options, signal)
    }
  }
  return {
    version,
    versions: Object.fromEntries(proxies.map(({ name, product }) => [name, versionOf(product)])),
    date: started.toISOString(),
    seed: options.seed ?? loaded[0]?.scenario.seed ?? 1,
    duration_ms: Date.now() - started.getTime(),
    interrupted: signal.aborted,
    rows: all.map(({ row }) => row),
  }
}

/** A product calls itself `nginx 1.22.1`. */
const versionOf = (product: Product | undefined): string =>
  product === undefined ? version : product.name.slice(product.name.indexOf(' ') + 1)

/** One cause, as its cells are made. */
interface Subjected extends LoadedScenario {
  subject: Subject
  row: MatrixRow
}

/** The hop that shows it is the one that is replaced. */
function subjected({ file, scenario }: LoadedScenario): Subjected {
  const { id, title, tags } = scenario
  const subject = subjectOf(scenario)
  const { hop = null, client } = subject
  // What is expected of the mini proxy is not asked: a cell is what was seen.
  const shown = withHop({ ...scenario, expect: [] }, subject.hop, { under_test: true })
  return { file, scenario: shown, subject, row: { id, title, tags, hop, client, cells: {} } }
}

const withHop = (scenario: Scenario, hop: string | undefined, more: object): Scenario =>
  hop === undefined
    ? scenario
    : { ...scenario, hops: { ...scenario.hops, [hop]: { ...scenario.hops[hop]!, ...more } as Hop } }

/** A cell that was interrupted is none. */
async function fill(one: Subjected, proxy: MatrixProxy, { seed }: MatrixOptions, signal: AbortSignal): Promise<void> {
  const cell = await cellOf(one, proxy, seed, signal)
  if (!signal.aborted) one.row.cells[proxy.name] = cell
}

/** Longer loads are ended after that time, as soon as the client has failed so often and every fault has fired. */
const LONG_MS = 2_000
const OFTEN_ENOUGH = 10

async function cellOf(
  { file, scenario, subject }: Subjected,
  proxy: MatrixProxy,
  seed: number | undefined,
  signal: AbortSignal,
): Promise<Cell> {
  const { hop, client, clients } = subject
  if (proxy.dialect !== undefined && hop === undefined) return { ...NOTHING, skipped: 'there is no proxy in it' }
  const spoken = proxy.dialect === undefined ? scenario : withHop(scenario, hop, { dialect: proxy.dialect })
  const outcomes = createOutcomes(hop, clients, logsRequests(proxy, spoken, hop))
  const silent = new Set(scenario.faults.map(({ id }) => id))
  const enough = new AbortController()
  let [lagMs, broken] = [0, false]
  const write = (event: JournalEvent): void => {
    outcomes.add(event)
    if (event.event === 'fault') silent.delete(event.fault)
    if (event.event === 'error') broken = true
    if (event.event === 'lag') lagMs = Math.max(lagMs, event.max_ms)
    if (event.t >= LONG_MS && silent.size === 0 && outcomes.failed(client) >= OFTEN_ENOUGH) enough.abort()
  }
  const both = AbortSignal.any([signal, enough.signal])
  setMaxListeners(0, both)
  const openJournal = () => ({ write, close: async () => {} })
  const options = { seed, signal: both, proxy: proxy.product, openJournal }
  const result = await runScenario({ file, scenario: spoken }, options)
  const early = enough.signal.aborted && !broken
  return told(early ? atItsEnd(result, lagMs, scenario.max_lag) : result, outcomes.all(client), client, early)
}

/** It logs no errors: a line for each request is all that tells of them. */
function logsRequests({ product, dialect }: MatrixProxy, { hops }: Scenario, hop: string | undefined): boolean {
  if (hop === undefined) return false
  const word = dialect ?? product?.driver.dialect ?? (hops[hop] as ProxyHop).dialect
  return Object.keys(errorLogOf(dialects[word])).length === 0
}

/** It was ended because it had shown enough: no fault of it. */
const atItsEnd = (result: ScenarioResult, lagMs: number, maxLagMs = Number.POSITIVE_INFINITY): ScenarioResult =>
  lagMs > maxLagMs
    ? { ...result, verdict: 'inconclusive', reason: tooLoaded(lagMs, maxLagMs) }
    : { ...result, verdict: 'pass' }

const NOTHING: Cell = { status: null, truncated: false, client_error: null, log: null, outcomes: [] }

/** What did not happen as the scenario says is no result, whatever clients saw of it. */
function told(result: ScenarioResult, outcomes: Outcome[], client: string, early: boolean): Cell {
  const { verdict, reason, notes } = result
  const none = { ...NOTHING, ...(notes && { notes }) }
  if (verdict === 'skipped') return { ...none, skipped: reason! }
  if (verdict === 'error' || verdict === 'inconclusive') return { ...none, verdict, reason: reason! }
  const [first] = outcomes
  if (first?.client !== client)
    return { ...none, verdict: 'inconclusive', reason: `client "${client}" has sent nothing` }
  const { status, truncated, client_error, log } = first
  return { ...none, status, truncated, client_error, log, outcomes, ...(early && { ended_early: true }) }
}
