/** What is to be audited, by which rules and against what, from the words of the command line. audit.ts runs it. */
import { readFileSync } from 'node:fs'
import { type Earlier, findEarlier, parseBaseline } from '../audit/baseline.js'
import { json } from '../audit/reports/json.js'
import { type Begun, begun } from '../clients/begun.js'
import type { Subject } from '../clients/driver.js'
import { CannotRunError, type Problem, ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'

export interface InputOptions {
  rule: string[]
  timeScale?: number
  baseline?: string
  /** The program goes on running, and is told of each call by a line. */
  lines?: boolean
}

export interface Prepared {
  subjects: Subject[]
  /** In the order of the table. */
  rules: string[]
  baseline: Earlier[] | undefined
  /** Ends what was started and is not audited after all. */
  close(): Promise<void>
}

export interface Named {
  clients: string[]
  /** What stands behind `--`; undefined without it. */
  program: string[] | undefined
}

/** Commander tells no operand behind `--` from those before it. */
export function clientsIn(operands: readonly string[], argv: readonly string[]): Named {
  const at = argv.indexOf('--')
  const program = at < 0 ? undefined : argv.slice(at + 1)
  const clients = operands.slice(0, operands.length - (program?.length ?? 0))
  return { clients, program }
}

/**
 * All that can be wrong before anything runs.
 * @throws ScenarioError with every mistake on the command line
 * @throws CannotRunError for a client that is not there
 */
export async function prepared(
  named: Named,
  { rule, timeScale, baseline, lines = false }: InputOptions,
): Promise<Prepared> {
  const problems = [...wrongWith(named, timeScale, lines)]
  const known = Object.keys((await import('../audit/rules/index.js')).rules)
  const unknown = rule.filter((id) => !known.includes(id))
  problems.push(...unknown.map((id) => problem(`--rule ${id}: no rule is called so, ${suggestion(id, known)}`)))
  const { subjects, missing } = await subjectsOf(named, { timeScale, lines }, problems)
  const earlier = baseline === undefined ? undefined : earlierIn(baseline, named, problems)
  if (problems.length > 0) throw new ScenarioError(problems)
  const last = missing.pop()
  if (last) throw new CannotRunError([...missing.map(({ message }) => message), last.what].join('\n'), last.remedy)
  const [first, ...others] = subjects
  const { subject, close } = await loaded(first!, others)
  const rules = known.filter((id) => rule.length === 0 || rule.includes(id))
  return { subjects: [subject, ...others], rules, baseline: earlier, close }
}

/** Each says now what can't be loaded of it, not when others have run for minutes. The first goes on: its turn is next. */
async function loaded(first: Subject, others: readonly Subject[]): Promise<Begun> {
  const kept = await begun(first)
  try {
    for (const subject of others) await (await subject.start()).close()
  } catch (error) {
    await kept.close()
    throw error
  }
  return kept
}

function wrongWith({ clients, program }: Named, timeScale: number | undefined, lines: boolean): Problem[] {
  const none = clients.length === 0 && program === undefined
  const twice = [...new Set(clients.filter((client, at) => clients.indexOf(client) !== at))]
  const real = timeScale !== undefined && clients.length === 0 && program !== undefined
  return [
    ...(none ? [problem('name a client: a library, a file of yours, or a program behind --')] : []),
    ...twice.map((client) => problem(`${client} is named twice`)),
    ...(lines && program === undefined ? [problem('--lines is for a program behind --')] : []),
    ...(real ? [problem('--time-scale is for libraries and files of yours: a program runs in real time')] : []),
  ]
}

/** Those that are there; what is wrong with the names of others is added to the problems. */
async function subjectsOf(
  { clients, program }: Named,
  { timeScale, lines }: { timeScale: number | undefined; lines: boolean },
  problems: Problem[],
) {
  const [{ subjectNamed }, { commandSubject }, { linesSubject }] = await Promise.all([
    import('../clients/subject.js'),
    import('../clients/command.js'),
    import('../clients/lines.js'),
  ])
  const subjects: Subject[] = []
  const missing: CannotRunError[] = []
  const make = [
    ...clients.map((client) => async () => subjectNamed(client, { timeScale })),
    ...(program ? [() => (lines ? linesSubject(program) : commandSubject(program))] : []),
  ]
  for (const one of make) {
    try {
      subjects.push(await one())
    } catch (error) {
      if (error instanceof ScenarioError) problems.push(...error.problems)
      else if (error instanceof CannotRunError) missing.push(error)
      else throw error
    }
  }
  return { subjects, missing }
}

const problem = (message: string): Problem => ({ path: '', message })

/** @throws CannotRunError when it can't be read */
function earlierIn(file: string, { clients, program }: Named, problems: Problem[]): Earlier[] {
  try {
    const earlier = parseBaseline(readBaseline(file), file)
    findEarlier([...clients, ...(program ? [program.join(' ')] : [])], earlier, file)
    return earlier
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    problems.push(...error.problems)
    return []
  }
}

function readBaseline(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ScenarioError([{ file, path: '', message: 'no such file' }])
    if (code === 'EISDIR')
      throw new ScenarioError([
        { file, path: '', message: `a folder: name the result in it, ${file}/${json.fileName}` },
      ])
    throw new CannotRunError(`Cannot read ${file}: ${code}`, 'See who may read it', { cause: error })
  }
}
