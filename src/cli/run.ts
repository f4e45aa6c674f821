/** `badgateway run`: runs scenarios, prints a line for each, leaves the reports. */
import { Command, InvalidArgumentError, Option } from 'commander'
import pc from 'picocolors'
import { exitCode } from '../checks/verdict.js'
import type { RunResult, ScenarioResult } from '../journal/result.js'
import { ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import { type ReportFormat, reports } from '../reports/index.js'
import { scenarioLine, summary } from '../reports/text.js'
import { type LoadedScenario, run } from '../run.js'
import { createRunFolder, writeReport } from '../run_folder.js'
import { findScenarioFiles, readScenarios } from '../scenario/files.js'
import { catalogue, coloured } from './environment.js'
import { interruptible } from './interrupt.js'

interface Options {
  seed?: number
  trace?: boolean
  json?: boolean
  report: { format: ReportFormat; file: string | undefined }[]
  out: string
  filter?: string
  tag: string[]
  quiet?: boolean
}

export const runCommand = new Command('run')
  .description('run scenarios on real sockets and give a verdict on each')
  .argument('<scenario...>', 'files, folders, globs, or ids of the catalogue (badgateway list)')
  .option('--seed <n>', 'instead of the seed in the files', parseSeed)
  .option('--trace', 'show what happened hop by hop')
  .option('--json', 'the result as JSON on standard output, and nothing else there')
  .addOption(
    new Option('--report <format[=file]>', `one more report (${Object.keys(reports).join(', ')}); repeatable`)
      .argParser(parseReport)
      .default([], 'none'),
  )
  .option('--out <dir>', 'where the folder of the run goes', 'reports')
  .option('--filter <text>', 'only scenarios whose id contains this')
  .option('--tag <tag>', 'only scenarios with this tag; repeatable', (tag, all: string[]) => [...all, tag], [])
  .option('-q, --quiet', 'print only what did not pass, and the summary')
  .addHelpText(
    'after',
    `
Examples:
  $ badgateway run tls-cert-expired --trace
  $ badgateway run chaos --report junit=results/chaos.xml
  $ badgateway run scenarios/causes --tag tls --seed 7`,
  )
  .action(async (patterns: string[], options: Options) => {
    process.exitCode = await runPatterns(patterns, options)
  })

async function runPatterns(patterns: string[], options: Options): Promise<number> {
  const files = await findScenarioFiles(patterns, process.cwd(), catalogue)
  const loaded = select(await readScenarios(files), options)
  const started = new Date()
  const name = loaded.length === 1 ? loaded[0]!.scenario.id : `${loaded.length}-scenarios`
  const folder = createRunFolder(options.out, name, started)
  const printer = createPrinter(options, loaded.length)
  const { seed, trace } = options
  return interruptible(async (signal) => {
    const result = await run(loaded, {
      seed,
      trace: trace === true,
      signal,
      onResult: printer.result,
      openJournal: folder.openJournal,
    })
    folder.finish(result)
    for (const { format, file } of options.report) {
      if (file === undefined) process.stdout.write(reports[format].render(result))
      else writeReport(result, format, file)
    }
    printer.end(result, folder.path)
    return exitCode(result.scenarios.map((scenario) => scenario.verdict))
  })
}

function select(loaded: LoadedScenario[], { filter, tag }: Options): LoadedScenario[] {
  const wanted = loaded.filter(
    ({ scenario }) =>
      (filter === undefined || scenario.id.includes(filter)) && tag.every((one) => scenario.tags.includes(one)),
  )
  if (wanted.length > 0) return wanted
  const message = `--filter and --tag leave none of ${loaded.length} scenarios; nothing was run`
  throw new ScenarioError([{ path: '', message }])
}

/** Results go to standard output as they come; with --json they are progress, on standard error. */
function createPrinter(options: Options, count: number) {
  const out = options.json ? process.stderr : process.stdout
  const colors = pc.createColors(coloured(out))
  const live = process.stderr.isTTY === true
  let done = 0
  const progress = (text: string) => live && process.stderr.write(`\r\x1b[K${text}`)
  progress(`0/${count} done`)
  return {
    result(result: ScenarioResult): void {
      progress('')
      if (!options.quiet || result.verdict !== 'pass') out.write(`${scenarioLine(result, colors)}\n`)
      progress(++done < count ? `${done}/${count} done` : '')
    },
    end(result: RunResult, folder: string): void {
      if (options.json) process.stdout.write(reports.json.render(result))
      out.write(`\n${summary(result, colors)}\n`)
      out.write(`Reports and journals: ${folder}\n`)
    },
  }
}

function parseSeed(text: string): number {
  const seed = Number(text)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new InvalidArgumentError('Expected a whole number from 0.')
  return seed
}

function parseReport(text: string, all: Options['report']): Options['report'] {
  const [format, ...file] = text.split('=')
  const formats = Object.keys(reports)
  if (!formats.includes(format!)) {
    throw new InvalidArgumentError(`Unknown format "${format}", ${suggestion(format!, formats)}`)
  }
  return [...all, { format: format as ReportFormat, file: file.length > 0 ? file.join('=') : undefined }]
}
