/**
 * `badgateway audit`: asks every rule of each client, prints a line for each, leaves the reports. What a client is and what
 * a rule finds is decided elsewhere.
 */
import { Command } from 'commander'
import { compareWith, runVerdict } from '../audit/baseline.js'
import { type AuditReportFormat, auditReports } from '../audit/reports/index.js'
import type { AuditResult, AuditRun, AuditVerdict } from '../audit/result.js'
import type { Subject } from '../clients/driver.js'
import { createReportFolder, writeText } from '../run_folder.js'
import { version } from '../version.js'
import { clientsIn, type InputOptions, type Named, type Prepared, prepared } from './audit_input.js'
import { type AuditPrinter, createAuditPrinter } from './audit_printer.js'
import { interruptible } from './interrupt.js'
import { outOption } from './out_option.js'
import { type AskedReport, pipedReport, reportOption } from './report_option.js'
import { wholeNumber } from './whole_number.js'

interface Options extends InputOptions {
  seed: number
  json?: boolean
  report: AskedReport<AuditReportFormat>[]
  out: string
  quiet?: boolean
}

const formats = Object.keys(auditReports) as AuditReportFormat[]

/** A faster clock than this leaves a client no time between two of its milliseconds. */
const FASTEST = 1000

export const auditCommand = new Command('audit')
  .description('say, with evidence, whether a client retries as it should: a library, a file of yours, any program')
  .usage('[options] [client...] [-- program arguments...]')
  .argument('[client...]', 'libraries (badgateway list clients), or files of yours and their export: ./client.ts#send')
  .option('--rule <id>', 'only this rule (badgateway list rules); repeatable', also, [])
  .option(
    '--time-scale <n>',
    'how many times as fast a client’s clock runs; programs run in real time',
    wholeNumber(1, FASTEST),
  )
  .option('--lines', 'the program goes on running: it reads a JSON line for each call, and answers with one')
  .option('--baseline <file>', 'an earlier result: fail only where a rule is worse than in it')
  .option('--seed <n>', 'fixes every draw of the servers', wholeNumber(0), 1)
  .option('--json', 'the result as JSON on standard output, and nothing else there; like --report json')
  .addOption(
    reportOption(
      formats,
      `one more report (${formats.join(', ')}), on standard output without a file; repeatable`,
      'none',
    ),
  )
  .addOption(outOption('where the folder of the reports goes'))
  .option('-q, --quiet', 'print only what failed or is inconclusive, and the summary')
  .addHelpText(
    'after',
    `
Examples:
  $ badgateway audit got
  $ badgateway audit ky p-retry --rule honours-retry-after --rule no-duplicate-post
  $ badgateway audit ./client.ts#send --report junit=results/audit.xml
  $ badgateway audit -- curl --silent --retry 3 {url}
  $ badgateway audit --lines -- python3 client.py
  $ badgateway audit got --json > before.json     then, after an update:
  $ badgateway audit got --baseline before.json

A file of yours exports a function like fetch: (url, init) => Promise<Response>. A program gets {url}, {proxy}, {id}, {key}
and {method} in its arguments, and the same as BADGATEWAY_URL, _PROXY, _REQUEST_ID, _KEY and _METHOD, and is started for each call.
With --lines it is started once for each rule, as a client with a pool, a budget or a breaker has to be: docs/auditing-programs.md
has the lines and an example.

Exit codes: 0 no rule fails, 1 one does (with --baseline: one is worse), 2 the command line is wrong, 3 a client is not
there or does not run, 4 nothing could be told.`,
  )
  .action(async (operands: string[], options: Options) => {
    process.exitCode = await auditAll(clientsIn(operands, process.argv), options)
  })

async function auditAll(named: Named, options: Options): Promise<number> {
  const piped = pipedReport(options.json ? [{ format: 'json', file: undefined }, ...options.report] : options.report)
  const input = await prepared(named, options)
  return carriedOut(input, options, piped).finally(input.close)
}

async function carriedOut(input: Prepared, options: Options, piped: AuditReportFormat | undefined): Promise<number> {
  const { subjects } = input
  const folder = createReportFolder(options.out, nameOf(subjects), new Date())
  const out = piped === undefined ? process.stdout : process.stderr
  const printer = createAuditPrinter(out, options.quiet === true)
  return interruptible(async (signal) => {
    const { run, failure } = await auditEach(input, options, signal, printer)
    // First what needs no disk: a full one must not cost the result.
    if (piped !== undefined) process.stdout.write(auditReports[piped].render(run))
    folder.finish(formats.map((format) => [auditReports[format].fileName, auditReports[format].render(run)]))
    for (const { format, file } of options.report) {
      if (file !== undefined) writeText(auditReports[format].render(run), file, format)
    }
    out.write(`Reports: ${folder.path}\n`)
    if (failure) throw failure
    return CODES[run.verdict]
  })
}

const CODES: Record<AuditVerdict, number> = { pass: 0, fail: 1, inconclusive: 4 }

/** One after the other. What was found is kept when a later one can't run. */
async function auditEach(
  { subjects, rules, baseline }: Prepared,
  { seed, baseline: file = '' }: Options,
  signal: AbortSignal,
  printer: AuditPrinter,
): Promise<{ run: AuditRun; failure: unknown }> {
  // Loaded here, so that the help need not wait for the engine.
  const { audit } = await import('../audit/audit.js')
  const [started, clock] = [new Date(), performance.now()]
  const audits: AuditResult[] = []
  let failure: unknown
  try {
    for (const subject of subjects) {
      if (signal.aborted) break
      const result = await audit(subject, { rules, seed, signal, onResult: printer.begin(subject, rules) })
      const earlier = baseline?.find((one) => one.subject === result.subject)
      if (earlier) result.against = compareWith(result.rules, earlier, file)
      audits.push(result)
      printer.end(result)
    }
  } catch (error) {
    printer.stop()
    failure = error
  }
  const run: AuditRun = {
    version,
    node: process.versions.node,
    seed,
    verdict: runVerdict(audits),
    started: started.toISOString(),
    duration_ms: Math.round(performance.now() - clock),
    interrupted: signal.aborted,
    audits,
  }
  return { run, failure }
}

/** `audit-got`, `audit-3-clients` */
function nameOf(subjects: readonly Subject[]): string {
  const [one] = subjects
  if (subjects.length !== 1) return `audit-${subjects.length}-clients`
  const words = one!.name.replace(/[^\w.]+/g, '-').replace(/^[-.]+|-$/g, '')
  return `audit-${words.slice(0, 40)}`
}

function also(text: string, all: string[]): string[] {
  return [...all, text]
}
