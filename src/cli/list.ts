/** `badgateway list`: the scenarios of the catalogue or of the user's files, the kinds they are built from, and what `audit` knows. */
import { Argument, Command, InvalidArgumentError } from 'commander'
import { ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import { catalogue } from './environment.js'

/** Each is loaded when it is listed. */
const tables = {
  hops: async () => (await import('../scenario/hops.js')).hopKinds,
  triggers: async () => (await import('../core/fault/triggers/index.js')).triggers,
  effects: async () => (await import('../core/fault/effects/index.js')).effects,
  policies: async () => (await import('../core/client/policies/index.js')).policies,
  admissions: async () => (await import('../core/client/admission/index.js')).admissions,
  pacings: async () => (await import('../core/client/pacing/index.js')).pacers,
  shapes: async () => (await import('../core/client/shapes/index.js')).shapes,
  balancers: async () => (await import('../core/proxy/balancers/index.js')).balancers,
  presets: async () => (await import('../scenario/presets/index.js')).presets,
  forwards: async () => (await import('../core/proxy/forwards/index.js')).forwards,
  passive_health: async () => (await import('../core/proxy/passive_health/index.js')).passiveHealth,
  health_checks: async () => (await import('../core/proxy/health_checks/index.js')).healthChecks,
  dialects: async () => (await import('../dialects/index.js')).dialects,
  assignments: async () => (await import('../core/gateway/assignments/index.js')).assignments,
  strategies: async () => (await import('../core/gateway/strategies/index.js')).strategies,
  waf_conditions: async () => (await import('../core/waf/conditions.js')).conditions,
  waf_actions: async () => (await import('../core/waf/actions.js')).actions,
  checks: async () => (await import('../checks/index.js')).checks,
  proxies: async () => (await import('../proxies/index.js')).proxies,
  clients: async () => (await import('../clients/index.js')).libraries,
  rules: async () => (await import('../audit/rules/index.js')).rules,
  reports: async () => (await import('../reports/index.js')).reports,
}
/** What can be listed. */
export const listed = ['scenarios', ...Object.keys(tables), 'profiles']

export const listCommand = new Command('list')
  .description('list scenarios, the kinds that scenarios are built from, or what audit knows: clients and rules')
  .addArgument(new Argument('[what]', `what to list: ${listed.join(', ')}`).argParser(parseWhat).default('scenarios'))
  .argument('[scenario...]', 'with scenarios: files, folders, globs; the catalogue if absent')
  .option('--json', 'as JSON')
  .addHelpText(
    'after',
    '\nExamples:\n  $ badgateway list\n  $ badgateway list effects\n  $ badgateway list scenarios chaos',
  )
  .action(async (what: string, patterns: string[], options: { json?: boolean }) => {
    if (what !== 'scenarios' && patterns.length > 0) {
      throw new ScenarioError([{ path: '', message: `list ${what} takes no files: ${patterns.join(' ')}` }])
    }
    const rows = await rowsOf(what, patterns)
    if (options.json) return console.log(JSON.stringify(rows, null, 2))
    const width = Math.max(...rows.map((row) => row.name.length))
    for (const { name, summary, tags, ja3, ja4 } of rows) {
      console.log(`${name.padEnd(width)}  ${summary}${tags?.length ? `  [${tags.join(', ')}]` : ''}`)
      if (ja4) console.log(`${' '.repeat(width)}  JA4 ${ja4}  JA3 ${ja3}`)
    }
  })

interface Row {
  name: string
  summary: string
  tags?: string[]
  ja3?: string
  ja4?: string
}

async function rowsOf(what: string, patterns: string[]): Promise<Row[]> {
  if (what === 'scenarios') return scenarioRows(patterns)
  if (what === 'profiles') return profileRows()
  return kindRows(what as keyof typeof tables)
}

function parseWhat(word: string): string {
  if (listed.includes(word)) return word
  throw new InvalidArgumentError(`Nothing is called so, ${suggestion(word, listed)}`)
}

async function scenarioRows(patterns: string[]): Promise<Row[]> {
  const { loadScenarios } = await import('../scenario/files.js')
  const loaded = await loadScenarios(patterns.length > 0 ? patterns : [catalogue], catalogue)
  return loaded.map(({ scenario }) => ({ name: scenario.id, summary: scenario.title, tags: scenario.tags }))
}

/** On this version of Node: OpenSSL decides much of a ClientHello. */
async function profileRows(): Promise<Row[]> {
  const [{ tlsProfiles }, { fingerprints }] = await Promise.all([
    import('../core/tls_profiles.js'),
    import('../live/profiles.js'),
  ])
  const known = await fingerprints()
  return known.map(({ profile: name, ja3, ja4 }) => ({ name, summary: tlsProfiles[name].summary, ja3, ja4 }))
}

async function kindRows(what: keyof typeof tables): Promise<Row[]> {
  const table: Readonly<Record<string, Listed>> = await tables[what]()
  return Object.entries(table).map(([name, { summary, effects }]) => ({
    name,
    summary: effects ? `${summary} (${effects.join(', ')})` : summary,
  }))
}

/** A kind, as far as it is listed: a trigger tells the effects that it takes. */
interface Listed {
  summary: string
  effects?: readonly string[]
}
