/**
 * `badgateway explain`: what a cause is, with a run that is made for it and shown hop by hop; or, of any product's words,
 * what they mean and which causes are behind them. It leaves nothing on disk.
 */
import { Command } from 'commander'
import pc from 'picocolors'
import { exitCode } from '../checks/verdict.js'
import type { JournalEvent, LogEvent } from '../journal/events.js'
import { type Problem, ScenarioError } from '../lib/errors.js'
import { printable } from '../lib/printable.js'
import { explanationLines } from '../reports/explanation.js'
import { type Palette, scenarioLines } from '../reports/text.js'
import { traceLines } from '../reports/trace.js'
import type { LoadedScenario } from '../run.js'
import { findScenarioFiles, loadScenarios, readScenarios } from '../scenario/files.js'
import { type Ending, endingWords, findByEnding, isPhrase, mayBeEnding } from '../scenario/lookup.js'
import { signatureOf } from '../scenario/signature.js'
import { type Explanation, explainWords, nearestWord } from '../words/index.js'
import { catalogue, causes, coloured } from './environment.js'
import { interruptible } from './interrupt.js'

export const explainCommand = new Command('explain')
  .description('tell what a cause is, and show a run of it; or what a status, a flag or a line of any log means')
  .argument('<what>', 'an id of the catalogue or a file; a line of a log, a flag, a status, an error’s code')
  .option('--json', 'as JSON; of a cause what its file says, without a run')
  .addHelpText(
    'after',
    `
Examples:
  $ badgateway explain tls-cert-expired
  $ badgateway explain chaos/first.yaml
  $ badgateway explain 504                                      who answers so, and when
  $ badgateway explain 'upstream prematurely closed connection' a line of nginx's error log, or a part of it
  $ badgateway explain SH--                                     HAProxy's termination state, or its whole log line
  $ badgateway explain 'UC upstream_reset_before_response_started{connection_termination}'
  $ badgateway explain backend_timeout                          statusDetails of Google's load balancer
  $ badgateway explain 522                                      Cloudflare
  $ badgateway explain 'AH01102: error reading status line from remote server 10.0.0.2:80'
  $ badgateway explain 'socket hang up' --json
  $ badgateway explain -- ----                                  what begins with a hyphen

It knows nginx, HAProxy, Envoy, Apache, Caddy, Traefik, AWS ALB, Google's load balancer, Cloudflare, Azure
Application Gateway, Fastly, Squid, Varnish, Node, RFC 9209 and its own X-Proxy-Error.

Exit codes: those of "badgateway run" for the run that is shown; 2 for what nobody knows.`,
  )
  .action(async (what: string, { json }: { json?: boolean }) => {
    const colors = pc.createColors(coloured(process.stdout))
    const found = await find(what)
    if (json) return console.log(JSON.stringify(inJson(what, found), null, 2))
    if ('explanations' in found) return print(explanationLines(found.explanations, found.titles, colors))
    if ('scenarios' in found) return print(endingLines(found, colors))
    print(headLines(found, colors))
    process.exitCode = await interruptible((signal) => show(found, colors, signal))
  })

interface Words {
  explanations: Explanation[]
  titles: ReadonlyMap<string, string>
}

type Found = LoadedScenario | Words | Ending<LoadedScenario>

/** @throws ScenarioError when nothing is called so, or more than one file is */
async function find(what: string): Promise<Found> {
  const files = await findScenarioFiles([what], process.cwd(), catalogue).catch((error) => {
    if (!(error instanceof ScenarioError)) throw error
    return undefined
  })
  if (files && !mayBeEnding(what)) return theOne(what, files)
  const explanations = explainWords(what)
  if (explanations.length > 0) return { explanations, titles: await titlesOf(explanations) }
  const all = await loadScenarios([causes], catalogue)
  // What only an expectation says, such as an address in a line.
  const ending = findByEnding(what, all)
  if (ending) return ending
  if (files) return theOne(what, files)
  const known = nearestWord(what, [...all.map(({ scenario }) => scenario.id), ...endingWords(all)])
  const hint = known === undefined ? unknown(what) : `did you mean "${known}"?`
  throw problem(what, `no such file or id, and no product says so, ${hint}`)
}

/** Of the causes that they name, by id, which is the name of the file: to read all of them takes a while. */
async function titlesOf(explanations: readonly Explanation[]): Promise<Map<string, string>> {
  const ids = new Set(explanations.flatMap(({ causes }) => causes.map(({ id }) => id)))
  const read = await readScenarios([...ids].map((id) => `${causes}/${id}.yaml`))
  return new Map(read.map(({ scenario }) => [scenario.id, scenario.title]))
}

const unknown = (what: string): string =>
  isPhrase(what) ? 'nor does a cause of the catalogue expect it in a log' : '"badgateway list" shows the ids'

/** With the titles of causes, so that nobody has to look them up. */
function inJson(asked: string, found: Found): object {
  if ('explanations' in found) {
    const { explanations, titles } = found
    const titled = (causes: Explanation['causes']) => causes.map((cause) => ({ ...cause, title: titles.get(cause.id) }))
    return { asked, explanations: explanations.map((each) => ({ ...each, causes: titled(each.causes) })) }
  }
  if ('scenarios' in found) {
    const ids = found.scenarios.map(({ scenario }) => ({ id: scenario.id, title: scenario.title }))
    return { asked, title: found.title, causes: ids }
  }
  const { file, scenario } = found
  const { id, title, sources, about } = scenario
  return { asked, id, title, file, sources, ...signatureOf(scenario), about }
}

async function theOne(what: string, files: string[]): Promise<LoadedScenario> {
  const [one, ...more] = await readScenarios(files)
  if (more.length === 0) return one!
  throw problem(what, `expected one scenario; got ${files.length}: ${files.join(', ')}`)
}

const problem = (file: string, message: string): ScenarioError => {
  const problems: Problem[] = [{ file, path: '', message }]
  return new ScenarioError(problems)
}

const print = (lines: readonly string[]): void => console.log(lines.join('\n'))

function endingLines({ title, scenarios }: Ending<LoadedScenario>, colors: Palette): string[] {
  const width = Math.max(...scenarios.map(({ scenario }) => scenario.id.length))
  const lines = scenarios.map(({ scenario }) => `  ${scenario.id.padEnd(width)}  ${scenario.title}`)
  const count = scenarios.length === 1 ? 'one cause' : `${scenarios.length} causes`
  return [colors.bold(`${title}: ${count} of the catalogue`), '', ...lines, '', 'badgateway explain <id> shows one.']
}

/** What the file says. */
function headLines({ file, scenario }: LoadedScenario, colors: Palette): string[] {
  const { types, stages, statuses, cut } = signatureOf(scenario)
  const faults = scenario.faults.map(({ id, on, at, effect }) => `${id}: ${effect.type} at ${at.type} of ${on}`)
  const rows: [name: string, value: string][] = [
    ['cause', faults.join(', ') || 'configuration: no fault'],
    ['type', [types.join(', '), stages.length > 0 ? `at ${stages.join(', ')}` : ''].filter(Boolean).join(' ')],
    ['status', [...statuses, ...(cut ? ['response cut'] : [])].join(', ')],
    ['sources', scenario.sources.join(', ')],
    ['file', file],
  ]
  return [
    `${colors.bold(scenario.id)}  ${scenario.title}`,
    '',
    ...rows.filter(([, value]) => value !== '').map(([name, value]) => `${colors.dim(name.padEnd(8))} ${value}`),
    '',
    ...(scenario.about ? [scenario.about.replace(LEADS, colors.bold('$&'))] : []),
  ]
}

/** How the parts of `about` begin. */
const LEADS = /^(What to look for|On the wire|Which layer|The usual fix|The claim|What is compared|When it holds):/gm

/** Runs it once and shows what happened. @returns the exit code */
async function show(loaded: LoadedScenario, colors: Palette, signal: AbortSignal): Promise<number> {
  // Loaded here, so that the other commands need not wait for the engine.
  const { runScenario } = await import('../run.js')
  const events: JournalEvent[] = []
  const openJournal = () => ({ write: (event: JournalEvent) => events.push(event), close: async () => {} })
  const result = await runScenario(loaded, { signal, openJournal })
  const logs = events.filter((event): event is LogEvent => event.event === 'log')
  print([
    ...section("nginx's words, from the error log of this run", logLines(logs), colors),
    ...section('This run, hop by hop', traceLines(events), colors),
    scenarioLines(result, colors),
  ])
  return exitCode([result.verdict])
}

const section = (title: string, lines: readonly string[], colors: Palette): string[] =>
  lines.length === 0 ? [] : [colors.bold(title), ...lines.map((line) => `  ${printable(line)}`), '']

/** One line of those that say the same but for addresses, with their number. */
function logLines(logs: readonly LogEvent[]): string[] {
  const alike = new Map<string, { example: LogEvent; count: number }>()
  for (const log of logs) {
    const [said] = log.line.split(', client: ')
    const same = alike.get(said!)
    if (same) same.count++
    else alike.set(said!, { example: log, count: 1 })
  }
  return [...alike.values()].map(({ example: { hop, level, line }, count }) => {
    const times = count > 1 ? `  (${count} lines like this)` : ''
    return `${hop}: [${level}] ${line}${times}`
  })
}
