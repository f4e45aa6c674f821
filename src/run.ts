/**
 * Runs scenarios and judges them: engine → journal → facts → checks → verdict. The command line calls it; programs
 * may. It alone knows the engines.
 */
import { setMaxListeners } from 'node:events'
import { evaluate } from './checks/index.js'
import type { Stranger } from './checks/kind.js'
import { judge, overall } from './checks/verdict.js'
import type { JournalEvent } from './journal/events.js'
import { createReduction, type Facts } from './journal/reduce.js'
import type { FaultResult, RepeatResult, RunResult, ScenarioResult, Verdict } from './journal/result.js'
import { CannotRunError } from './lib/errors.js'
import { seedOfRun } from './lib/random.js'
import { sideBySide } from './lib/side_by_side.js'
import { runLoad } from './live/load.js'
import { fitnessOf, strangerOf, untoldFaults } from './live/proxies/fitness.js'
import type { StandIn } from './live/proxies/stand_in.js'
import { loadParts } from './live/start.js'
import { type RankBy, rankClients } from './reports/comparing/ranking.js'
import { traceLines } from './reports/trace.js'
import type { Scenario } from './scenario/schema.js'
import { turnsOf } from './scenario/turns.js'
import { waysOf } from './scenario/ways.js'
import { version } from './version.js'

export interface RunOptions {
  /** Instead of the seed in the files. */
  seed?: number | undefined
  /** Adds what happened hop by hop to the results. */
  trace?: boolean
  /** Ends the run: what ran is reported, `interrupted` is set. */
  signal?: AbortSignal
  /** Scenarios side by side, but for those that run alone; 4 if absent. */
  parallel?: number
  /** How often each scenario runs; once if absent. */
  repeat?: number
  /** Each of them with a seed of its own, which follows from the first one's. */
  varySeed?: boolean
  /** Ranks the clients of every scenario that has several. */
  rank?: RankBy | undefined
  onResult?: (result: ScenarioResult) => void
  /** Who stands in for a proxy of each scenario: the one under test, else the first. Mini proxies if absent. */
  proxy?: StandIn | undefined
  /** Where the journal of a scenario's n-th run goes, beside the facts; nowhere if absent. */
  openJournal?: (scenario: string, nth: number) => JournalFile
}

export interface JournalFile {
  /** Absent where it is kept in memory. */
  path?: string
  write(event: JournalEvent): void
  /** @throws CannotRunError when something could not be written */
  close(): Promise<void>
}

export interface LoadedScenario {
  /** As the user named it. */
  file: string
  scenario: Scenario
}

/**
 * Scenarios run side by side, since most of their time is waiting; afterwards those that are marked `alone`, one by
 * one. A scenario that can't be run here (its port is taken) has the verdict `error`, and the others go on.
 * @throws CannotRunError when a journal cannot be written; every hop is closed by then
 */
export async function run(loaded: readonly LoadedScenario[], options: RunOptions = {}): Promise<RunResult> {
  const started = new Date()
  const results = new Map<LoadedScenario, ScenarioResult>()
  const broken = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, broken.signal]) : broken.signal
  // Everyone who waits in a scenario listens to it.
  setMaxListeners(0, signal)
  const runOne = async (one: LoadedScenario): Promise<void> => {
    const result = await runRepeatedly(one, { ...options, signal }).catch((error) => {
      broken.abort()
      throw error
    })
    results.set(one, result)
    if (!broken.signal.aborted) options.onResult?.(result)
  }
  // Loaded while scenarios run side by side, it would stop the clocks of them all.
  await loadParts(loaded.map(({ scenario }) => scenario))
  await sideBySide(
    loaded.filter(({ scenario }) => !scenario.alone),
    // A proxy that the user runs has its servers at the same ports in each.
    options.proxy?.is === 'url' ? 1 : (options.parallel ?? PARALLEL),
    signal,
    runOne,
  )
  await sideBySide(
    loaded.filter(({ scenario }) => scenario.alone),
    1,
    signal,
    runOne,
  )
  const scenarios = loaded.map((one) => results.get(one)).filter((result) => result !== undefined)
  return {
    version,
    engine: 'live',
    proxy: options.proxy?.name ?? 'mini',
    seed: options.seed ?? loaded[0]?.scenario.seed ?? 1,
    verdict: overall(scenarios.map((result) => result.verdict)),
    started: started.toISOString(),
    duration_ms: Date.now() - started.getTime(),
    interrupted: options.signal?.aborted === true,
    scenarios,
  }
}

/** Nearly all of a replay is waiting; with many more, each one's short timeouts would feel what the others compute. */
export const PARALLEL = 4

/** The first of the gravest results, how often each verdict came out, and what every run measured. */
async function runRepeatedly(one: LoadedScenario, options: RunOptions): Promise<ScenarioResult> {
  const { repeat = 1, rank, varySeed = false, seed = one.scenario.seed } = options
  const repeats: RepeatResult[] = []
  let gravest: ScenarioResult | undefined
  for (let nth = 1; nth <= repeat && !(nth > 1 && options.signal?.aborted); nth++) {
    const result = await runScenario(one, { ...options, seed: varySeed ? seedOfRun(seed, nth) : seed }, nth)
    repeats.push({ seed: result.seed, verdict: result.verdict, clients: result.clients })
    if (!gravest || overall([result.verdict, gravest.verdict]) !== gravest.verdict) gravest = result
  }
  const ranking = rank && rankClients(repeats, rank)
  return {
    ...gravest!,
    ...(repeat > 1 && { verdicts: verdictsOf(repeats), repeats }),
    ...(ranking && { ranking }),
  }
}

function verdictsOf(repeats: readonly RepeatResult[]): Partial<Record<Verdict, number>> {
  const verdicts: Partial<Record<Verdict, number>> = {}
  for (const { verdict } of repeats) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
  return verdicts
}

/** Runs one scenario once and judges it by its journal. */
export async function runScenario(
  { file, scenario }: LoadedScenario,
  options: RunOptions = {},
  nth = 1,
): Promise<ScenarioResult> {
  const seeded = { ...scenario, seed: options.seed ?? scenario.seed }
  const { skip, notes } = options.proxy ? fitnessOf(seeded, options.proxy) : { skip: undefined, notes: [] }
  if (skip !== undefined) return skipped(seeded, file, skip)
  const stranger = options.proxy && strangerOf(seeded, options.proxy)
  const reduction = createReduction(untoldFaults(seeded, options.proxy), {
    ways: waysOf(seeded, stranger && { hop: stranger.hop, tells: stranger.tells.requests && !stranger.tells.silent }),
    recovery: { holdMs: seeded.recovery.hold, goodput: seeded.recovery.goodput, fromMs: seeded.recovery.from },
  })
  const events: JournalEvent[] = []
  const journalFile = options.openJournal?.(scenario.id, nth)
  let broken = false
  const journal = (event: JournalEvent): void => {
    if (event.event === 'error') broken = true
    reduction.add(event)
    journalFile?.write(event)
    if (options.trace) events.push(event)
  }
  const started = Date.now()
  try {
    for (const turn of turnsOf(seeded)) {
      if (broken || options.signal?.aborted) break
      await runLoad(turn, journal, options.signal, options.proxy)
    }
  } catch (error) {
    if (!(error instanceof CannotRunError)) throw error
    // Who is interrupted while it starts may fail of just that.
    if (options.signal?.aborted) journal({ event: 'end', t: 0, interrupted: true })
    else journal({ event: 'error', t: 0, message: error.message })
  } finally {
    await journalFile?.close()
  }
  return {
    ...judged(seeded, reduction.facts, stranger),
    file,
    duration_ms: Date.now() - started,
    ...(notes.length > 0 && { notes }),
    ...(journalFile?.path !== undefined && { journal: journalFile.path }),
    ...(options.trace && { trace: traceLines(events) }),
  }
}

function skipped({ id, title, tags, seed }: Scenario, file: string, reason: string): ScenarioResult {
  return {
    id,
    title,
    tags,
    file,
    verdict: 'skipped',
    reason,
    seed,
    duration_ms: 0,
    faults: [],
    clients: {},
    checks: [],
  }
}

/** The verdict on a journal's facts. */
function judged(scenario: Scenario, facts: Facts, stranger?: Stranger): Omit<ScenarioResult, 'file' | 'duration_ms'> {
  const faults: FaultResult[] = scenario.faults.map((fault) => {
    const fired = facts.fired.get(fault.id)
    return {
      id: fault.id,
      on: fault.on,
      at: fault.at.type,
      effect: fault.effect.type,
      fired: fired === undefined ? 0 : fired,
    }
  })
  const checks = scenario.expect.flatMap((check) => evaluate(check, facts, stranger))
  const names = Object.keys(scenario.clients)
  return {
    id: scenario.id,
    title: scenario.title,
    tags: scenario.tags,
    seed: scenario.seed,
    faults,
    clients: Object.fromEntries(names.flatMap((name) => clientMetrics(name, facts))),
    ...serversOf(facts),
    ...gatewaysOf(facts),
    ...loadsOf(facts),
    checks,
    ...judge(faults, checks, facts, scenario.max_lag),
  }
}

const clientMetrics = (name: string, facts: Facts) => {
  const client = facts.clients.get(name)
  return client ? [[name, client.metrics] as const] : []
}

function loadsOf({ loads, saturations }: Facts): Pick<ScenarioResult, 'loads' | 'saturations'> {
  return {
    ...(loads.size > 0 && { loads: Object.fromEntries(loads) }),
    ...(saturations.size > 0 && { saturations: Object.fromEntries(saturations) }),
  }
}

function gatewaysOf({ gateways }: Facts): Pick<ScenarioResult, 'gateways'> {
  if (gateways.size === 0) return {}
  return { gateways: Object.fromEntries([...gateways].map(([name, { metrics }]) => [name, metrics])) }
}

/** Where there is something to tell of health. */
function serversOf({ servers }: Facts): Pick<ScenarioResult, 'servers'> {
  const told = [...servers].filter(([, facts]) =>
    [...facts.values()].some(({ checks, turns }) => checks > 0 || Object.keys(turns).length > 0),
  )
  if (told.length === 0) return {}
  return { servers: Object.fromEntries(told.map(([proxy, facts]) => [proxy, Object.fromEntries(facts)])) }
}
