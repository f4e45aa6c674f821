/**
 * An audit: every rule asked of one subject, side by side where they may, each with a client and servers of its own.
 * The command line calls it, and programs do.
 */
import { availableParallelism } from 'node:os'
import { begun } from '../clients/begun.js'
import type { Subject } from '../clients/driver.js'
import { type ClientFunction, functionSubject } from '../clients/function.js'
import type { SubjectOptions } from '../clients/library.js'
import { subjectNamed } from '../clients/subject.js'
import { CannotRunError, InvariantError, ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import { version } from '../version.js'
import { createBench, type OpenBench } from './bench.js'
import { unreached } from './reach.js'
import type { AuditResult, RuleResult } from './result.js'
import { type Finding, fail, inconclusive, notApplicable, type Rule } from './rule.js'
import { rules as allRules } from './rules/index.js'

// Those of a test suite that fakes its own later do not ring.
const { setTimeout, clearTimeout } = globalThis

export interface AuditOptions extends SubjectOptions {
  /** Only these rules; all of them if absent. */
  rules?: readonly string[] | undefined
  /** Fixes every draw of the servers; 1 if absent. */
  seed?: number | undefined
  /** How long a rule may take, in real milliseconds; if absent half a minute, or two minutes for a client in real time. */
  limitMs?: number | undefined
  /** Rules side by side, but for those that run alone: most only wait. Two for each processor, four at most, if absent. */
  parallel?: number | undefined
  /** Ends the audit: what was found until then is the result, `interrupted` is set. */
  signal?: AbortSignal | undefined
  onResult?: ((result: RuleResult) => void) | undefined
}

/**
 * @param client a library's name, a file of the user's as `./client.js#send`, a function that takes (url, init) and answers
 *   with a Response, or a subject
 * @throws ScenarioError for a client or a rule that there is not
 * @throws CannotRunError for a client that is not installed, or can't be loaded
 */
export async function audit(
  client: string | ClientFunction | Subject,
  options: AuditOptions = {},
): Promise<AuditResult> {
  return auditBy(allRules, subjectOf(client, options), options)
}

/** The same by other rules than ours. */
export async function auditBy(
  table: Readonly<Record<string, Rule>>,
  subject: Subject,
  options: Omit<AuditOptions, keyof SubjectOptions> = {},
): Promise<AuditResult> {
  const chosen = chooseRules(table, options.rules)
  const started = new Date()
  const clock = performance.now()
  const { seed = 1, signal } = options
  // Whatever can't be loaded says so before a rule starts.
  const first = await begun(subject)
  const results = await resultsOf(first.subject, chosen, options).finally(first.close)
  return {
    version,
    subject: subject.name,
    kind: subject.kind,
    versions: { ...subject.versions },
    node: process.versions.node,
    time_scale: subject.timeScale,
    seed,
    started: started.toISOString(),
    duration_ms: Math.round(performance.now() - clock),
    interrupted: signal?.aborted ?? false,
    verdict: overall(results),
    rules: results,
  }
}

function subjectOf(client: string | ClientFunction | Subject, options: AuditOptions): Subject {
  if (typeof client === 'string') return subjectNamed(client, options)
  return typeof client === 'function' ? functionSubject(client) : client
}

type Chosen = readonly (readonly [id: string, rule: Rule])[]

function chooseRules(table: Readonly<Record<string, Rule>>, ids: readonly string[] | undefined): Chosen {
  const known = Object.keys(table)
  const problems = (ids ?? [])
    .filter((id) => !known.includes(id))
    .map((id) => ({ path: '', message: `unknown rule "${id}", ${suggestion(id, known)}` }))
  if (problems.length > 0) throw new ScenarioError(problems)
  return Object.entries(table).filter(([id]) => ids === undefined || ids.includes(id))
}

export function overall(results: readonly RuleResult[]): AuditResult['verdict'] {
  if (results.some(({ verdict }) => verdict === 'fail')) return 'fail'
  return results.some(({ verdict }) => verdict === 'pass') ? 'pass' : 'inconclusive'
}

async function resultsOf(subject: Subject, chosen: Chosen, options: AuditOptions): Promise<RuleResult[]> {
  const unseen = await unreached(subject, options)
  return unseen ? withoutAsking(chosen, unseen, options) : runRules(subject, chosen, options)
}

/** The same for every rule. */
function withoutAsking(chosen: Chosen, finding: Finding, { onResult }: AuditOptions): RuleResult[] {
  return chosen.map(([id, { summary, why }]) => {
    const result = { rule: id, summary, why, ...finding, duration_ms: 0 }
    onResult?.(result)
    return result
  })
}

/** In the order of the table, whoever was done first. */
async function runRules(subject: Subject, chosen: Chosen, options: AuditOptions): Promise<RuleResult[]> {
  const { parallel = Math.min(4, 2 * availableParallelism()), signal, onResult } = options
  const stop = new AbortController()
  const until = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const found = new Map<string, RuleResult>()
  const run = async ([id, rule]: Chosen[number]): Promise<void> => {
    const result = await judge(subject, id, rule, { ...options, signal: until })
    if (!result) return
    found.set(id, result)
    onResult?.(result)
  }
  const workers = async (waiting: Chosen[number][], count: number): Promise<void> => {
    const work = async () => {
      for (let next = waiting.shift(); next && !until.aborted; next = waiting.shift()) await run(next)
    }
    const ended = await Promise.allSettled(Array.from({ length: count }, () => work().catch(giveUp)))
    const failed = ended.find((one) => one.status === 'rejected')
    if (failed) throw failed.reason
  }
  /** Our own bug, or a client that can't be started any more: the others end, and nobody's verdict counts. */
  const giveUp = (error: unknown): never => {
    stop.abort()
    throw error
  }
  await workers(
    chosen.filter(([, { alone }]) => !alone),
    parallel,
  )
  await workers(
    chosen.filter(([, { alone }]) => alone),
    1,
  )
  return chosen.flatMap(([id]) => found.get(id) ?? [])
}

const LIMIT_MS = 30_000
/** Whoever starts it gives up before that. */
const LOAD_LIMIT_MS = 120_000
/** Where no clock runs fast: with curl some rules wait for a minute and more. */
const REAL_TIME_LIMIT_MS = 120_000

/** One rule of one subject, which is taken for one that works. Undefined when it was interrupted. */
export async function judge(
  subject: Subject,
  id: string,
  rule: Rule,
  options: Pick<AuditOptions, 'seed' | 'limitMs'> & { signal: AbortSignal },
): Promise<RuleResult | undefined> {
  const { seed = 1, limitMs = subject.timeScale === 1 ? REAL_TIME_LIMIT_MS : LIMIT_MS, signal } = options
  const start = performance.now()
  const finding = missing(subject, rule) ?? (await found(createBench(subject, id, seed), id, rule, limitMs, signal))
  if (!finding) return undefined
  const { summary, why } = rule
  return { rule: id, summary, why, ...finding, duration_ms: Math.round(performance.now() - start) }
}

function missing({ lacks }: Subject, { needs = [] }: Rule): Finding | undefined {
  const reason = needs.map((need) => lacks[need]).find((lack) => lack !== undefined)
  return reason === undefined ? undefined : notApplicable(reason)
}

async function found(
  bench: OpenBench,
  id: string,
  rule: Rule,
  limitMs: number,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  let end: ReturnType<typeof endOf> | undefined
  try {
    // How long it takes to load is not the rule's time.
    end = endOf(LOAD_LIMIT_MS, signal)
    if ((await Promise.race([bench.client(), end.reached])) === 'interrupted') return undefined
    end.forget()
    end = endOf(limitMs, signal)
    const how = await Promise.race([checked(bench, id, rule), end.reached, bench.flooded])
    if (how === 'interrupted') return undefined
    if (how === 'overtime') return await aftermath(bench, await overtime(bench, limitMs))
    return await aftermath(bench, typeof how === 'number' ? stillAtIt(bench, `${how} attempts`) : how)
  } finally {
    end?.forget()
    await bench.close()
  }
}

async function checked(bench: OpenBench, id: string, rule: Rule): Promise<Finding> {
  try {
    return await rule.check(bench)
  } catch (error) {
    if (error instanceof CannotRunError) throw error
    throw Object.assign(new InvariantError(`rule "${id}" broke: ${(error as Error).message}`), { cause: error })
  }
}

function endOf(limitMs: number, signal: AbortSignal) {
  let forget = (): void => {}
  const reached = new Promise<'overtime' | 'interrupted'>((resolve) => {
    const interrupt = () => resolve('interrupted')
    const limit = setTimeout(() => resolve('overtime'), limitMs)
    if (signal.aborted) interrupt()
    signal.addEventListener('abort', interrupt, { once: true })
    forget = () => {
      clearTimeout(limit)
      signal.removeEventListener('abort', interrupt)
    }
  })
  return { reached, forget }
}

/** Of what servers saw, so many lines say enough. */
const MOST_LINES = 20
/** Who is busy with something else still finds the time for one word. */
const WORD_LIMIT_MS = 2000

async function overtime(bench: OpenBench, limitMs: number): Promise<Finding> {
  if (await isStuck(bench)) {
    const because = `The client's process did not respond any more: it is in a loop that does not end`
    return fail(because, bench.story(MOST_LINES))
  }
  const { timeScale } = bench.subject
  const own = timeScale === 1 ? '' : `, ${Math.round((limitMs * timeScale) / 1000)} s by its own clock`
  return stillAtIt(bench, `${limitMs / 1000} s${own}`)
}

function stillAtIt(bench: OpenBench, after: string): Finding {
  const what = bench.subject.kind === 'command' ? 'The program' : 'The client'
  const because = `${what} was still at it after ${after}`
  return inconclusive(because, bench.story(MOST_LINES))
}

async function isStuck({ running }: OpenBench): Promise<boolean> {
  if (!running || running.end !== undefined) return false
  const limit = new Promise<'stuck'>((resolve) => setTimeout(() => resolve('stuck'), WORD_LIMIT_MS).unref())
  return (await Promise.race([running.state(), limit])) === 'stuck'
}

/** What became of the client while it was asked: an end is a failure whatever the rule was about. */
async function aftermath({ running, notes }: OpenBench, finding: Finding): Promise<Finding> {
  if (!running) return finding
  const told = [...new Set([...notes, ...running.troubles])]
  const troubles = told.slice(0, MOST_LINES).map((trouble) => `the client: ${trouble}`)
  const evidence = [...finding.evidence, ...troubles]
  if (running.end !== undefined) return fail(`The client's process is gone: ${running.end}`, evidence)
  return { ...finding, evidence }
}
