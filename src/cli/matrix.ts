/** `badgateway matrix`: causes at several proxies, side by side. It leaves nothing on disk but the files that are asked for. */
import { Command, InvalidArgumentError } from 'commander'
import pc from 'picocolors'
import { type DialectName, dialectNames } from '../dialects/index.js'
import type { Matrix } from '../journal/matrix_result.js'
import { CannotRunError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import { findProduct } from '../live/proxies/find.js'
import type { MatrixProxy } from '../matrix.js'
import { type ProxyName, proxies } from '../proxies/index.js'
import { type MatrixReport, matrixReports } from '../reports/matrix/index.js'
import { matrixLines } from '../reports/matrix/text.js'
import { bySection } from '../reports/sections.js'
import type { LoadedScenario } from '../run.js'
import { writeText } from '../run_folder.js'
import { loadScenarios } from '../scenario/files.js'
import { catalogue, causes, coloured } from './environment.js'
import { interruptible } from './interrupt.js'
import { printNotes } from './notes.js'
import { type AskedReport, pipedReport, reportOption } from './report_option.js'
import { wholeNumber } from './whole_number.js'

interface Options {
  proxy?: string[]
  seed?: number
  json?: boolean
  markdown?: boolean
  html?: boolean
  report: AskedReport<MatrixReport>[]
}

const formats = Object.keys(matrixReports) as MatrixReport[]
const plain = ['mini', ...Object.keys(proxies)]
const names = [...plain, ...dialectNames.map((dialect) => `mini:${dialect}`)]

export const matrixCommand = new Command('matrix')
  .description('run causes at several proxies, and show what each answers and logs')
  .argument('[scenario...]', 'files, folders, globs, or ids of the catalogue; every cause of it if absent')
  .option(
    '--proxy <names>',
    `which: ${plain.join(', ')}; or mini with a product's dialect, such as mini:nginx (default: mini, and all that are installed)`,
    parseProxies,
  )
  .option('--seed <n>', 'instead of the seed in the files', wholeNumber(0))
  .option('--json', 'the matrix as JSON on standard output; like --report json')
  .option('--markdown', 'the same as Markdown')
  .option('--html', 'the same as one HTML file that needs no network')
  .addOption(reportOption(formats, `how to tell it (${formats.join(', ')}); repeatable`, 'text'))
  .addHelpText(
    'after',
    `
Examples:
  $ badgateway matrix                                   every cause, at every proxy that is installed
  $ badgateway matrix origin-refused close-on-accept --proxy nginx,haproxy
  $ badgateway matrix --proxy nginx,mini:nginx --html > matrix.html
  $ badgateway matrix chaos --report text --report json=matrix.json

A cell is what the client of the cause saw: a status, a response that was cut, or what it met in the place of an answer;
and the line of the proxy's log about it. A load of more than two seconds ends when its failure was seen ten times.

Exit codes: 0 whatever the answers are, 2 the command line or a file is wrong, 3 a proxy is missing or a run broke off,
4 a cause did not show somewhere, 130 and 143 interrupted.`,
  )
  .action(async (patterns: string[], options: Options) => {
    process.exitCode = await runMatrix(patterns, options)
  })

async function runMatrix(patterns: string[], options: Options): Promise<number> {
  const short = (['json', 'markdown', 'html'] as const).filter((format) => options[format])
  const asked = [...short.map((format) => ({ format, file: undefined })), ...options.report]
  const piped = pipedReport(asked)
  const read = await loadScenarios(patterns.length > 0 ? patterns : [causes], catalogue)
  printNotes(read)
  const loaded = bySection(read, ({ scenario }) => scenario.tags).flatMap(({ items }) => items)
  const columns = await (options.proxy ? named(options.proxy) : installed())
  const progress = createProgress(loaded)
  return interruptible(async (signal) => {
    // Loaded here, so that the other commands need not wait for the engine.
    const { matrix } = await import('../matrix.js')
    const given = { signal, seed: options.seed, onRow: progress.row }
    const result = await matrix(loaded, columns, given).finally(progress.end)
    if (piped !== undefined && piped !== 'text') process.stdout.write(matrixReports[piped].render(result))
    else if (piped === 'text' || asked.length === 0) printText(result)
    for (const { format, file } of options.report) {
      if (file !== undefined) writeText(matrixReports[format].render(result), file, format)
    }
    return codeOf(result)
  })
}

function printText(result: Matrix): void {
  const { stdout } = process
  const width = stdout.isTTY ? stdout.columns : undefined
  stdout.write(`${matrixLines(result, pc.createColors(coloured(stdout)), width).join('\n')}\n`)
}

/** Answers are neither right nor wrong; what was not seen is not hidden. */
function codeOf({ rows }: Matrix): number {
  const verdicts = rows.flatMap(({ cells }) => Object.values(cells).map(({ verdict }) => verdict))
  if (verdicts.includes('error')) return 3
  return verdicts.includes('inconclusive') ? 4 : 0
}

/** @throws CannotRunError for the first that is not installed, with what installs it */
const named = (words: readonly string[]): Promise<MatrixProxy[]> => Promise.all(words.map(columnOf))

async function columnOf(name: string): Promise<MatrixProxy> {
  if (Object.hasOwn(proxies, name)) return { name, product: await findProduct(name as ProxyName) }
  const [, dialect] = name.split(':') as [string, DialectName?]
  return { name, dialect }
}

/** The mini proxy, and what there is; what there is not is told. */
async function installed(): Promise<MatrixProxy[]> {
  const found = await Promise.all(
    plain.map((name) =>
      columnOf(name).catch((error: unknown) => {
        if (!(error instanceof CannotRunError)) throw error
        process.stderr.write(`Left out: ${error.message}\n`)
        return undefined
      }),
    ),
  )
  return found.filter((column) => column !== undefined)
}

/** How far it is: on a terminal a line that changes, elsewhere a line now and then. */
function createProgress(loaded: readonly LoadedScenario[]) {
  const { stderr } = process
  const live = stderr.isTTY === true
  const every = Math.max(1, Math.ceil(loaded.length / STEPS))
  const waiting = new Set(loaded.map(({ scenario }) => scenario.id))
  let shown = 0
  const show = (text: string): void => {
    if (live) stderr.write(`\r${' '.repeat(shown)}\r${text}`)
    shown = text.length
  }
  const count = (): string => `${loaded.length - waiting.size}/${loaded.length} causes`
  show(count())
  return {
    row({ id }: { id: string }): void {
      waiting.delete(id)
      show(`${count()}, ${id} done`)
      if (!live && (loaded.length - waiting.size) % every === 0) stderr.write(`${count()}\n`)
    },
    end: () => show(''),
  }
}

const STEPS = 10

/** @throws InvalidArgumentError for a word that is no proxy */
function parseProxies(text: string, all: string[] = []): string[] {
  const words = text.split(',').map((word) => word.trim())
  for (const word of words) {
    if (/^[a-z]+:\/\//i.test(word)) throw new InvalidArgumentError(`A matrix takes proxies by name, not ${word}.`)
    if (!names.includes(word)) throw new InvalidArgumentError(`Unknown proxy "${word}", ${suggestion(word, names)}`)
  }
  return [...new Set([...all, ...words])]
}
