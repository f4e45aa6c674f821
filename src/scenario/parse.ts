/**
 * A scenario from text or from an object of a program, checked in full: every problem is told at once, each with its
 * place. Command line, rig and files.ts call it; what is wrong is found by the schema and by references.ts.
 */
import { invariant, type Problem, ScenarioError } from '../lib/errors.js'
import { controlInput, findingOfControl } from './control.js'
import { silence } from './expectation.js'
import { type Finding, pathText } from './finding.js'
import { explainSchemaError } from './messages.js'
import { outlineOf } from './outline.js'
import { findIdleParts, findReferenceProblems, findUnreachedHops } from './references.js'
import { type Scenario, scenarioSchema } from './schema.js'
import { openSource } from './source.js'

export interface CheckOptions {
  /** It is to be run and judged: it needs a client and an expectation, and no hop may be idle. */
  runnable: boolean
}

/**
 * @param text YAML or JSON
 * @param file as the user named it, for the problems
 * @throws ScenarioError with all problems, by line
 */
export function parseScenario(text: string, file: string, options: CheckOptions = { runnable: true }): Scenario {
  const source = openSource(text)
  const ofText = source.problems.map((problem) => ({ ...problem, path: '' }))
  const { scenario, findings } = source.input === undefined ? nothing : examine(source.input, options)
  const ofValues = findings.map(({ path, at, message }) => ({
    ...source.placeOf({ path, at }),
    path: pathText(path),
    message,
  }))
  const problems = [...ofText, ...ofValues].sort((a, b) => a.line - b.line || a.column - b.column)
  return scenarioOr(
    problems.map((problem) => ({ file, ...problem })),
    scenario,
  )
}

/**
 * @param input as a program wrote it
 * @throws ScenarioError with all problems
 */
export function checkScenario(input: unknown, options: CheckOptions): Scenario {
  const { scenario, findings } = examine(input, options)
  return scenarioOr(
    findings.map(({ path, message }) => ({ path: pathText(path), message })),
    scenario,
  )
}

interface Examined {
  scenario: Scenario | undefined
  findings: readonly Finding[]
}

const nothing: Examined = { scenario: undefined, findings: [] }

function examine(input: unknown, { runnable }: CheckOptions): Examined {
  const parsed = scenarioSchema.safeParse(input, { error: silence })
  const outline = outlineOf(input)
  const findings = parsed.success ? [] : explainSchemaError(parsed.error, input)
  findings.push(...findReferenceProblems(outline))
  if (runnable) {
    const isPathSound = !findings.some(({ path }) => path.length === 0 || path[0] === 'hops' || path[0] === 'clients')
    findings.push(...findIdleParts(outline))
    if (isPathSound && outline.clients?.length) findings.push(...findUnreachedHops(outline))
  }
  if (!parsed.success || findings.length > 0) return { scenario: undefined, findings }
  const { $schema: _, control: patch, ...scenario } = parsed.data
  if (patch === undefined) return { scenario, findings }
  const control = examine(controlInput(input), { runnable })
  findings.push(...control.findings.map((finding) => findingOfControl(finding, patch)))
  return { scenario: control.scenario && { ...scenario, control: control.scenario }, findings }
}

function scenarioOr(problems: readonly Problem[], scenario: Scenario | undefined): Scenario {
  if (problems.length > 0) throw new ScenarioError(problems)
  invariant(scenario, 'a scenario without problems was not understood')
  return scenario
}
