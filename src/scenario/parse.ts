/**
 * A scenario from text or from an object of a program, checked in full: every problem is told at once, each with its
 * place. Command line, rig and files.ts call it; what is wrong is found by the schema and by references.ts.
 */
import { invariant, type Problem, ScenarioError } from '../lib/errors.js'
import { keysOfConf } from '../proxies/nginx_conf/to_hop.js'
import { controlInput, findingOfControl } from './control.js'
import { silence } from './expectation.js'
import { type Finding, mappingOf, pathText, wrongValue } from './finding.js'
import { explainSchemaError } from './messages.js'
import { expandNginxConf, type ProxyConfig, withProxyConfig } from './nginx_conf.js'
import { outlineOf } from './outline.js'
import { expandPresets } from './presets/expand.js'
import { findIdleParts, findReferenceProblems, findUnreachedHops } from './references.js'
import { type Scenario, scenarioSchema } from './schema.js'
import { openSource } from './source.js'

export interface CheckOptions {
  /** It is to be run and judged: it needs a client and an expectation, and no hop may be idle. */
  runnable: boolean
  /** Beside which the files are that it names; for a program, where it runs. */
  beside?: string
  /** What the command line says of the proxy under test. */
  proxyConfig?: ProxyConfig | undefined
}

/**
 * @param text YAML or JSON
 * @param file as the user named it, for the problems
 * @throws ScenarioError with all problems, by line
 */
export function parseScenario(text: string, file: string, options: CheckOptions = { runnable: true }): Scenario {
  const source = openSource(text)
  const ofText = source.problems.map((problem) => ({ ...problem, path: '' }))
  const examined = source.input === undefined ? nothing : examine(source.input, { beside: file, ...options })
  const { scenario, findings, replaced } = examined
  const isSaidElsewhere = ({ path }: Finding): boolean => path[1] === replaced && path[2] === 'nginx'
  const ofValues = findings
    .filter((finding) => !isSaidElsewhere(finding))
    .map(({ path, at, message }) => ({ ...source.placeOf({ path, at }), path: pathText(path), message }))
  const problems = [...ofText, ...ofValues].sort((a, b) => a.line - b.line || a.column - b.column)
  const ofOptions = findings
    .filter(isSaidElsewhere)
    .map(({ path, message }) => ({ path: path[3] === 'map' ? `--map ${path[4]}` : '--proxy-config', message }))
  return scenarioOr(
    [...ofOptions, ...problems.map((problem) => ({ file, ...problem })), ...examined.problems],
    scenario,
  )
}

/**
 * @param input as a program wrote it
 * @throws ScenarioError with all problems
 */
export function checkScenario(input: unknown, options: CheckOptions): Scenario {
  const { scenario, findings, problems } = examine(input, options)
  const own = findings.map(({ path, message }) => ({ path: pathText(path), message }))
  return scenarioOr([...own, ...problems], scenario)
}

interface Examined {
  scenario: Scenario | undefined
  findings: readonly Finding[]
  /** In nginx configurations. */
  problems: readonly Problem[]
  /** The proxy of which the command line says more than the file. */
  replaced?: string | undefined
}

const nothing: Examined = { scenario: undefined, findings: [], problems: [] }

function examine(written: unknown, options: CheckOptions): Examined {
  const { runnable, beside, proxyConfig } = options
  const { input: chosen, hop: replaced } = proxyConfig ? withProxyConfig(written, beside, proxyConfig) : asIs(written)
  const { input: said, problems, notes, broken, ...expanded } = expandNginxConf(chosen, beside)
  const parsed = scenarioSchema.safeParse(expandPresets(said, { servers: true }), { error: silence })
  const outline = outlineOf(expandPresets(said, { servers: false }))
  const isConsequence = ({ path }: Finding): boolean =>
    broken.includes(String(path[1])) && keysOfConf.includes(path[2] as never)
  const ofSchema = parsed.success ? [] : explainSchemaError(parsed.error, said)
  if (proxyConfig && replaced === undefined) {
    expanded.findings.push(wrongValue(['hops'], '--proxy-config is for a proxy: the scenario has none'))
  }
  const findings = [...expanded.findings, ...ofSchema.filter((finding) => !isConsequence(finding))]
  findings.push(...findReferenceProblems(outline))
  if (runnable) {
    const isPathSound =
      broken.length === 0 &&
      !findings.some(({ path }) => path.length === 0 || path[0] === 'hops' || path[0] === 'clients')
    findings.push(...findIdleParts(outline))
    if (isPathSound && outline.clients?.length) findings.push(...findUnreachedHops(outline))
  }
  const patch = mappingOf(written)?.control
  const isPatch = patch !== undefined && !findings.some(({ path }) => path.length === 0 || path[0] === 'control')
  const control = isPatch ? examine(controlInput(written), options) : nothing
  const ofControl = without(findings, control.findings).map((finding) => findingOfControl(finding, patch))
  const all = {
    findings: [...findings, ...ofControl],
    problems: [...problems, ...without(problems, control.problems)],
    replaced,
  }
  if (!parsed.success || all.findings.length + all.problems.length > 0) return { scenario: undefined, ...all }
  const { $schema: _, control: __, ...data } = parsed.data
  const scenario: Scenario = notes.length > 0 ? { ...data, notes } : data
  return { scenario: control.scenario ? { ...scenario, control: control.scenario } : scenario, ...all }
}

/** What is wrong without the patch is wrong with it too, and is said once. */
function without<Told>(said: readonly Told[], told: readonly Told[]): Told[] {
  const known = new Set(said.map((one) => JSON.stringify(one)))
  return told.filter((one) => !known.has(JSON.stringify(one)))
}

const asIs = (input: unknown) => ({ input, hop: undefined })

function scenarioOr(problems: readonly Problem[], scenario: Scenario | undefined): Scenario {
  if (problems.length > 0) throw new ScenarioError(problems)
  invariant(scenario, 'a scenario without problems was not understood')
  return scenario
}
