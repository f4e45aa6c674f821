/**
 * Runs scenarios and judges them: engine → journal → facts → checks → verdict. The command line calls it; programs
 * may. It alone knows the engines.
 */
import { evaluate } from './checks/index.js'
import { judge, overall } from './checks/verdict.js'
import type { JournalEvent } from './journal/events.js'
import { createReduction, type Facts } from './journal/reduce.js'
import type { FaultResult, RunResult, ScenarioResult } from './journal/result.js'
import { CannotRunError } from './lib/errors.js'
import { runLoad } from './live/load.js'
import { traceLines } from './reports/trace.js'
import type { Scenario } from './scenario/schema.js'
import { version } from './version.js'

export interface RunOptions {
  /** Instead of the seed in the files. */
  seed?: number | undefined
  /** Adds what happened hop by hop to the results. */
  trace?: boolean
  /** Ends the run: what ran is reported, `interrupted` is set. */
  signal?: AbortSignal
  /** Scenarios side by side; 4 if absent. */
  parallel?: number
  onResult?: (result: ScenarioResult) => void
  /** Where the journal of a scenario goes, beside the facts; nowhere if absent. */
  openJournal?: (scenario: string) => JournalFile
}

export interface JournalFile {
  path: string
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
 * A scenario that can't be run here (its port is taken) has the verdict `error`, and the others go on.
 * @throws CannotRunError when a journal cannot be written; every hop is closed by then
 */
export async function run(loaded: readonly LoadedScenario[], options: RunOptions = {}): Promise<RunResult> {
  const started = new Date()
  const results: (ScenarioResult | undefined)[] = loaded.map(() => undefined)
  const broken = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, broken.signal]) : broken.signal
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < loaded.length && !signal.aborted; index = next++) {
      const result = await runScenario(loaded[index]!, { ...options, signal })
      results[index] = result
      if (!broken.signal.aborted) options.onResult?.(result)
    }
  }
  const stopAll = (error: unknown): never => {
    broken.abort()
    throw error
  }
  const workers = Array.from({ length: Math.min(options.parallel ?? 4, loaded.length) }, () => work().catch(stopAll))
  const failed = (await Promise.allSettled(workers)).find((worker) => worker.status === 'rejected')
  if (failed) throw failed.reason
  const scenarios = results.filter((result) => result !== undefined)
  return {
    version,
    engine: 'live',
    proxy: 'mini',
    seed: options.seed ?? loaded[0]?.scenario.seed ?? 1,
    verdict: overall(scenarios.map((result) => result.verdict)),
    started: started.toISOString(),
    duration_ms: Date.now() - started.getTime(),
    interrupted: options.signal?.aborted === true,
    scenarios,
  }
}

/** Runs one scenario and judges it by its journal. */
export async function runScenario(
  { file, scenario }: LoadedScenario,
  options: RunOptions = {},
): Promise<ScenarioResult> {
  const seeded = { ...scenario, seed: options.seed ?? scenario.seed }
  const reduction = createReduction()
  const events: JournalEvent[] = []
  const journalFile = options.openJournal?.(scenario.id)
  const journal = (event: JournalEvent): void => {
    reduction.add(event)
    journalFile?.write(event)
    if (options.trace) events.push(event)
  }
  const started = Date.now()
  try {
    await runLoad(seeded, journal, options.signal)
  } catch (error) {
    if (!(error instanceof CannotRunError)) throw error
    journal({ event: 'error', t: 0, message: error.message })
  } finally {
    await journalFile?.close()
  }
  return {
    ...judged(seeded, reduction.facts),
    file,
    duration_ms: Date.now() - started,
    ...(journalFile && { journal: journalFile.path }),
    ...(options.trace && { trace: traceLines(events) }),
  }
}

/** The verdict on a journal's facts. */
function judged(scenario: Scenario, facts: Facts): Omit<ScenarioResult, 'file' | 'duration_ms'> {
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
  const checks = scenario.expect.map((check) => evaluate(check, facts))
  const names = Object.keys(scenario.clients)
  return {
    id: scenario.id,
    title: scenario.title,
    seed: scenario.seed,
    faults,
    clients: Object.fromEntries(names.flatMap((name) => clientMetrics(name, facts))),
    checks,
    ...judge(faults, checks, facts),
  }
}

const clientMetrics = (name: string, facts: Facts) => {
  const client = facts.clients.get(name)
  return client ? [[name, client.metrics] as const] : []
}
