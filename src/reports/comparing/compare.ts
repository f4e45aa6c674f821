/**
 * Two runs side by side: scenarios and clients are found by name, and every metric has its difference, the second less the
 * first. Runs with the same seeds met the same tapes and are compared in pairs. Pure: `compare` reads, the formats print.
 */
import type { RepeatResult, RunResult, ScenarioResult, Verdict } from '../../journal/result.js'
import { type Difference, pairedDifference, welchDifference } from '../../lib/statistics.js'
import { comparableOf, comparables, meanOfAll, numberOf } from './metrics.js'

export interface Comparison {
  runs: Pair<ComparedRun>
  /** What makes the two unlike, in sentences. */
  notes: string[]
  scenarios: ComparedScenario[]
  /** Ids of scenarios that only one of them has. */
  only: Pair<string[]>
}

export type Pair<Value> = [first: Value, second: Value]

export interface ComparedRun extends Pick<RunResult, 'version' | 'engine' | 'proxy' | 'seed' | 'started' | 'verdict'> {
  /** As the user named it. */
  file: string
}

export interface ComparedScenario {
  id: string
  title: string
  verdicts: Pair<Verdict>
  /** How many runs each is made of: those that ran to their end. */
  repeats: Pair<number>
  /** The runs have the same seeds, one by one. */
  paired: boolean
  clients: ComparedClient[]
  /** Clients that only one of them has. */
  only: Pair<string[]>
}

export interface ComparedClient {
  client: string
  metrics: ComparedMetric[]
}

export interface ComparedMetric {
  metric: string
  /** Means over the runs; null where it is not defined in every one. */
  values: Pair<number | null>
  /** Null where one of them is. */
  difference: number | null
  /** The 95 % confidence interval of the difference; null with too few runs. */
  ci95: [low: number, high: number] | null
  /** What the interval shows; `unsure` when it holds zero, null without one or where neither is better. */
  change: 'better' | 'worse' | 'same' | 'unsure' | null
}

/** @param metrics in this order; those that neither run has are left out */
export function compareRuns(files: Pair<string>, results: Pair<RunResult>, metrics: readonly string[]): Comparison {
  const [first, second] = results
  const common = first.scenarios.flatMap((one) => {
    const other = second.scenarios.find(({ id }) => id === one.id)
    return other ? [[one, other] as Pair<ScenarioResult>] : []
  })
  const idsOf = ({ scenarios }: RunResult) => scenarios.map(({ id }) => id)
  return {
    runs: [runOf(files[0], first), runOf(files[1], second)],
    notes: unlike(files, results),
    scenarios: common.map((pair) => compareScenarios(pair, metrics)),
    only: onlyIn(idsOf(first), idsOf(second)),
  }
}

/** The metrics of clients in these results, and those that this version knows: what can be asked for. */
export function metricsIn(results: readonly RunResult[]): string[] {
  const found = results.flatMap(({ scenarios }) => scenarios.flatMap(({ clients }) => Object.values(clients)))
  const numbers = found.flatMap((metrics) => Object.keys(metrics).filter((name) => numberOf(metrics, name) !== null))
  return [...new Set([...Object.keys(comparables), ...numbers])]
}

const runOf = (file: string, { version, engine, proxy, seed, started, verdict }: RunResult): ComparedRun => ({
  file,
  ...{ version, engine, proxy, seed, started, verdict },
})

const COMMON = ['version', 'engine', 'proxy'] as const

function unlike(files: Pair<string>, [first, second]: Pair<RunResult>): string[] {
  const settings = COMMON.filter((key) => first[key] !== second[key])
  const cut = [first, second].flatMap(({ interrupted }, n) => (interrupted ? [`${files[n]} was interrupted`] : []))
  return [...settings.map((key) => `another ${key}: ${first[key]}, then ${second[key]}`), ...cut]
}

function compareScenarios(pair: Pair<ScenarioResult>, metrics: readonly string[]): ComparedScenario {
  const [first, second] = pair
  const all = pair.map(runsOf) as Pair<RepeatResult[]>
  const [seeds, others] = all.map((runs) => runs.filter(isWhole).map(({ seed }) => seed))
  const paired = seeds!.length === others!.length && seeds!.every((seed, n) => seed === others![n])
  const [ours, theirs] = all.map((runs) => [...new Set(runs.flatMap(({ clients }) => Object.keys(clients)))])
  return {
    id: second.id,
    title: second.title,
    verdicts: [first.verdict, second.verdict],
    repeats: [all[0].filter(isWhole).length, all[1].filter(isWhole).length],
    paired,
    clients: ours!
      .filter((client) => theirs!.includes(client))
      .map((client) => ({ client, metrics: metrics.flatMap((metric) => compareMetric(all, client, metric, paired)) })),
    only: onlyIn(ours!, theirs!),
  }
}

/** With --repeat, all of them. */
const runsOf = ({ repeats, seed, verdict, clients }: ScenarioResult): RepeatResult[] =>
  repeats ?? [{ seed, verdict, clients }]

/** What could not run to its end measured only a part. */
const isWhole = ({ verdict }: RepeatResult): boolean => verdict !== 'error' && verdict !== 'skipped'

function compareMetric(runs: Pair<RepeatResult[]>, client: string, metric: string, paired: boolean): ComparedMetric[] {
  const measured = runs.map((each) => each.filter(isWhole).map(({ clients }) => numberOf(clients[client], metric)))
  const [first, second] = measured as Pair<number[]>
  const values = measured.map(meanOfAll) as Pair<number | null>
  if (measured.flat().every((value) => value === null)) return []
  if (values.includes(null)) return [{ metric, values, difference: null, ci95: null, change: null }]
  const found = paired ? pairedDifference(first, second) : welchDifference(first, second)
  return [{ metric, values, ...found, change: changeOf(metric, found) }]
}

function changeOf(metric: string, { ci95 }: Difference): ComparedMetric['change'] {
  if (ci95 === null) return null
  const [low, high] = ci95
  if (low === 0 && high === 0) return 'same'
  if (low <= 0 && high >= 0) return 'unsure'
  const { better } = comparableOf(metric)
  if (better === undefined) return null
  return low > 0 === (better === 'higher') ? 'better' : 'worse'
}

function onlyIn(first: readonly string[], second: readonly string[]): Pair<string[]> {
  return [first.filter((name) => !second.includes(name)), second.filter((name) => !first.includes(name))]
}
