/** `badgateway compare`: two runs side by side, metric by metric. It reads what runs have left, and runs nothing. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { parseResult } from '../journal/read_result.js'
import type { RunResult } from '../journal/result.js'
import { CannotRunError, type Problem, ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import { compareRuns, metricsIn, type Pair } from '../reports/comparing/compare.js'
import { type ComparisonFormat, comparisonReports } from '../reports/comparing/index.js'
import { USUAL } from '../reports/comparing/metrics.js'
import { json } from '../reports/json.js'
import { writeText } from '../run_folder.js'
import { type AskedReport, pipedReport, reportOption } from './report_option.js'

interface Options {
  metric: string[]
  json?: boolean
  report: AskedReport<ComparisonFormat>[]
}

const formats = Object.keys(comparisonReports) as ComparisonFormat[]

export const compareCommand = new Command('compare')
  .description('compare two runs: the metrics of each client, their differences, and whether these are sure')
  .argument('<first>', 'the folder that a run has left (run --out), or its result.json')
  .argument('<second>', 'the other one')
  .option('--metric <metric>', `what to compare; repeatable; "all" for all (default: ${USUAL.join(', ')})`, also, [])
  .option('--json', 'as JSON on standard output; like --report json')
  .addOption(reportOption(formats, `how to tell it (${formats.join(', ')}); repeatable`, 'text'))
  .addHelpText(
    'after',
    `
Examples:
  $ badgateway run retries.yaml --repeat 10 --vary-seed --out before
  $ badgateway run retries.yaml --repeat 10 --vary-seed --out after
  $ badgateway compare before/latest after/latest
  $ badgateway compare before/latest after/latest --metric success_rate --report markdown=change.md

Exit codes: 0, whatever the difference is; 2 when one of the two is no run or there is nothing to compare, 3 when a file
can't be read or written.`,
  )
  .action((first: string, second: string, options: Options) => compare([first, second], options))

function compare(files: Pair<string>, options: Options): void {
  const results = readBoth(files)
  const comparison = compareRuns(files, results, chosen(options.metric, results))
  if (comparison.scenarios.length === 0) {
    const [first, second] = comparison.only.map((ids) => ids.join(', ') || 'none')
    throw problem('', `they have no scenario in common: ${first} in the first, ${second} in the second`)
  }
  const asked = options.json ? [...options.report, { format: 'json' as const, file: undefined }] : options.report
  const piped = pipedReport(asked)
  for (const { format, file } of asked) {
    if (file !== undefined) writeText(comparisonReports[format].render(comparison), file, format)
  }
  if (piped !== undefined || asked.length === 0) {
    process.stdout.write(comparisonReports[piped ?? 'text'].render(comparison))
  }
}

/** @throws ScenarioError with what is wrong with either */
function readBoth(files: Pair<string>): Pair<RunResult> {
  const problems: Problem[] = []
  const results = files.flatMap((file) => {
    try {
      return [readRun(file)]
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error
      problems.push(...error.problems)
      return []
    }
  })
  if (problems.length > 0) throw new ScenarioError(problems)
  return results as Pair<RunResult>
}

/** @param named the folder of a run, or the file in it */
function readRun(named: string): RunResult {
  const what = guarded(named, () => statSync(named))
  if (!what.isDirectory())
    return parseResult(
      guarded(named, () => readFileSync(named, 'utf8')),
      named,
    )
  const inside = guarded(named, () => readdirSync(named))
  if (inside.includes(json.fileName)) return readRun(join(named, json.fileName))
  const hint = inside.includes('latest')
    ? `it holds the folders of runs: name one, such as ${join(named, 'latest')}`
    : '"badgateway run --out DIR" makes one'
  throw problem(named, `not the folder of a run, for there is no ${json.fileName} in it: ${hint}`)
}

/** @throws ScenarioError for what is not there, CannotRunError for what can't be read */
function guarded<Value>(file: string, act: () => Value): Value {
  try {
    return act()
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw problem(file, 'no such file or folder')
    throw new CannotRunError(`Cannot read ${file}: ${code}`, 'See who may read it', { cause: error })
  }
}

/** @throws ScenarioError for a metric that neither has */
function chosen(asked: readonly string[], results: Pair<RunResult>): string[] {
  const known = metricsIn(results)
  if (asked.length === 0) return [...USUAL]
  const problems = asked
    .filter((metric) => metric !== 'all' && !known.includes(metric))
    .map((metric) => ({
      path: '',
      message: `--metric ${metric}: no metric is called so, ${suggestion(metric, known)}`,
    }))
  if (problems.length > 0) throw new ScenarioError(problems)
  return asked.includes('all') ? known : [...new Set(asked)]
}

const problem = (file: string, message: string): ScenarioError =>
  new ScenarioError([{ ...(file !== '' && { file }), path: '', message }])

function also(text: string, all: string[]): string[] {
  return [...all, text]
}
