/** `badgateway run`: runs scenarios, prints a line for each, leaves the reports. */
import { Command, InvalidArgumentError } from 'commander'
import pc from 'picocolors'
import { exitCode } from '../checks/verdict.js'
import type { RunResult, ScenarioResult } from '../journal/result.js'
import { ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import { comparables } from '../reports/comparing/metrics.js'
import { type ReportFormat, reports } from '../reports/index.js'
import { bySection } from '../reports/sections.js'
import { createScenarioPrinter, summary } from '../reports/text.js'
import type { LoadedScenario } from '../run.js'
import { createRunFolder, writeReport } from '../run_folder.js'
import { loadScenarios } from '../scenario/files.js'
import { catalogue, coloured } from './environment.js'
import { interruptible } from './interrupt.js'
import { printNotes } from './notes.js'
import { outOption } from './out_option.js'
import { type ProxyOptions, proxyConfigOf, standInOf, withProxyOptions } from './proxy_options.js'
import { type AskedReport, pipedReport, reportOption } from './report_option.js'
import { wholeNumber } from './whole_number.js'

interface Options extends ProxyOptions {
  seed?: number
  repeat?: number
  varySeed?: boolean
  rank?: string
  baseline?: string
  trace?: boolean
  json?: boolean
  report: AskedReport<ReportFormat>[]
  out: string
  filter?: string
  tag: string[]
  quiet?: boolean
  /** False with --no-skip. */
  skip: boolean
}

/** Each leaves a journal on disk. */
const MOST_REPEATS = 10_000

export const runCommand = new Command('run')
  .description('run scenarios on real sockets and give a verdict on each')
  .argument('<scenario...>', 'files, folders, globs, or ids of the catalogue (badgateway list)')
  .option('--seed <n>', 'instead of the seed in the files', wholeNumber(0))
  .option(
    '--repeat <n>',
    'run each so often; the verdict is the gravest, with how often each came out',
    wholeNumber(1, MOST_REPEATS),
  )
  .option('--vary-seed', 'with --repeat: a seed of its own for each run, made from the first and printed')
  .option('--rank <metric>', 'rank the clients of each scenario, with their differences to the best', parseMetric)
  .option('--baseline <client>', 'with --rank: the differences to that client instead')
  .option('--trace', 'show what happened hop by hop')
  .option('--json', 'the result as JSON on standard output, and nothing else there; like --report json')
  .addOption(
    reportOption(
      Object.keys(reports),
      `one more report (${Object.keys(reports).join(', ')}), on standard output without a file; repeatable`,
      'none',
    ),
  )
  .addOption(outOption('where the folder of the run goes'))
  .option('--filter <text>', 'only scenarios whose id contains this')
  .option('--tag <tag>', 'only scenarios with this tag; repeatable', (tag, all: string[]) => [...all, tag], [])
  .option('--no-skip', 'a scenario that is skipped counts as one that could not run (NO_SKIP=1 does the same)')
  .option('-q, --quiet', 'print only what did not pass, and the summary')
  .addHelpText(
    'after',
    `
Examples:
  $ badgateway run tls-cert-expired --trace
  $ badgateway run chaos --report junit=results/chaos.xml
  $ badgateway run scenarios/causes --tag tls --seed 7
  $ badgateway run chaos --repeat 20 --quiet        which of them are flaky
  $ badgateway run retries.yaml --repeat 10 --vary-seed --rank success_rate
  $ badgateway run chaos --proxy nginx              a real nginx in the place of the proxy
  $ badgateway run chaos --proxy nginx --proxy-config nginx.conf --map app.example.com=app1`,
  )
  .action(async (patterns: string[], options: Options) => {
    process.exitCode = await runPatterns(patterns, options)
  })
withProxyOptions(runCommand)

async function runPatterns(patterns: string[], options: Options): Promise<number> {
  const { json, report } = options
  const piped = pipedReport(json ? [{ format: 'json', file: undefined }, ...report] : report)
  needs(options.varySeed && options.repeat === undefined, '--vary-seed needs --repeat: one run has one seed')
  needs(options.baseline !== undefined && options.rank === undefined, '--baseline needs --rank')
  const proxy = await standInOf(options, (text) => void process.stderr.write(text))
  const read = await loadScenarios(patterns, catalogue, proxyConfigOf(options))
  const selected = select(read, options)
  if (!proxy) printNotes(selected)
  findBaseline(selected, options)
  const loaded = bySection(selected, ({ scenario }) => scenario.tags).flatMap(({ items }) => items)
  const name = loaded.length === 1 ? loaded[0]!.scenario.id : `${loaded.length}-scenarios`
  const folder = createRunFolder(options.out, name, new Date())
  const out = piped === undefined ? process.stdout : process.stderr
  const printer = createPrinter(out, loaded, options.quiet === true)
  return interruptible(async (signal) => {
    // Loaded here, so that the other commands need not wait for the engine.
    const { run } = await import('../run.js')
    const { seed, repeat, varySeed = false, trace = false, baseline } = options
    const { openJournal } = folder
    const rank = options.rank === undefined ? undefined : { metric: options.rank, baseline }
    const given = { proxy, seed, repeat, varySeed, rank, trace, signal, openJournal }
    const result = await run(loaded, { ...given, onResult: printer.result })
    // First what needs no disk: a full one must not cost the result.
    if (piped !== undefined) process.stdout.write(reports[piped].render(result))
    printer.summary(result)
    folder.finish(result)
    for (const { format, file } of options.report) if (file !== undefined) writeReport(result, format, file)
    out.write(`Reports and journals: ${folder.path}\n`)
    return exitCode(
      result.scenarios.map((scenario) => scenario.verdict),
      { noSkip: noSkip(options) },
    )
  })
}

const noSkip = ({ skip }: Options): boolean => !skip || !['', '0', undefined].includes(process.env.NO_SKIP)

function needs(lacking: boolean | undefined, message: string): void {
  if (lacking) throw new ScenarioError([{ path: '', message }])
}

/** A client of that name is in some of the scenarios. */
function findBaseline(loaded: LoadedScenario[], { baseline }: Options): void {
  const names = [...new Set(loaded.flatMap(({ scenario }) => Object.keys(scenario.clients)))]
  if (baseline === undefined || names.includes(baseline)) return
  needs(true, `--baseline ${baseline}: no client is called so, ${suggestion(baseline, names)}`)
}

function select(loaded: LoadedScenario[], { filter, tag }: Options): LoadedScenario[] {
  const wanted = loaded.filter(
    ({ scenario }) =>
      (filter === undefined || scenario.id.includes(filter)) && tag.every((one) => scenario.tags.includes(one)),
  )
  if (wanted.length > 0) return wanted
  const tags = [...new Set(loaded.flatMap(({ scenario }) => scenario.tags))].sort()
  const strange = tag.find((one) => !tags.includes(one))
  const ids = loaded.map(({ scenario }) => scenario.id).join(', ')
  const message =
    strange === undefined
      ? `--filter and --tag leave none of these scenarios: ${ids}`
      : `--tag ${strange}: no scenario has that tag, ${suggestion(strange, tags)}`
  throw new ScenarioError([{ path: '', message }])
}

/**
 * The scenarios in their order, however they end, and on a terminal how far the run is: in plain characters, for every
 * one.
 */
function createPrinter(out: NodeJS.WriteStream, loaded: readonly LoadedScenario[], quiet: boolean) {
  const colors = pc.createColors(coloured(out))
  const lines = createScenarioPrinter(loaded.map(({ scenario }) => scenario))
  const live = process.stderr.isTTY === true && !quiet
  const waiting = loaded.map(({ scenario }) => scenario.id)
  const ended = new Map<string, ScenarioResult>()
  let [printed, shown] = [0, 0]
  const progress = (text: string): void => {
    if (live) process.stderr.write(`\r${' '.repeat(shown)}\r${text}`)
    shown = text.length
  }
  const print = (id: string): void => {
    const result = ended.get(id)
    if (!result || (quiet && result.verdict === 'pass')) return
    out.write(`${lines(result, colors)}\n`)
    printed++
  }
  progress(`0/${loaded.length} done`)
  return {
    result(result: ScenarioResult): void {
      ended.set(result.id, result)
      progress('')
      while (waiting.length > 0 && ended.has(waiting[0]!)) print(waiting.shift()!)
      if (ended.size < loaded.length) progress(`${ended.size}/${loaded.length} done`)
    },
    summary(result: RunResult): void {
      progress('')
      for (const id of waiting) print(id)
      out.write(`${printed > 0 ? '\n' : ''}${summary(result, colors)}\n`)
    },
  }
}

function parseMetric(text: string): string {
  const known = Object.keys(comparables)
  if (known.includes(text)) return text
  throw new InvalidArgumentError(`No metric is called so, ${suggestion(text, known)}`)
}
