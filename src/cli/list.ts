/** `badgateway list`: the scenarios of the catalogue or of the user's files, and the kinds they are built from. */
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
  health_checks: async () => (await import('../core/proxy/health_checks/index.js')).healthChecks,
  checks: async () => (await import('../checks/index.js')).checks,
  proxies: async () => (await import('../proxies/index.js')).proxies,
  reports: async () => (await import('../reports/index.js')).reports,
}
const words = ['scenarios', ...Object.keys(tables)]

export const listCommand = new Command('list')
  .description('list scenarios, or the kinds that scenarios are built from')
  .addArgument(new Argument('[what]', `what to list: ${words.join(', ')}`).argParser(parseWhat).default('scenarios'))
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
    const rows = what === 'scenarios' ? await scenarioRows(patterns) : await kindRows(what as keyof typeof tables)
    if (options.json) return console.log(JSON.stringify(rows, null, 2))
    const width = Math.max(...rows.map((row) => row.name.length))
    for (const { name, summary, tags } of rows) {
      console.log(`${name.padEnd(width)}  ${summary}${tags?.length ? `  [${tags.join(', ')}]` : ''}`)
    }
  })

interface Row {
  name: string
  summary: string
  tags?: string[]
}

function parseWhat(word: string): string {
  if (words.includes(word)) return word
  throw new InvalidArgumentError(`Nothing is called so, ${suggestion(word, words)}`)
}

async function scenarioRows(patterns: string[]): Promise<Row[]> {
  const { findScenarioFiles, readScenarios } = await import('../scenario/files.js')
  const files = await findScenarioFiles(patterns.length > 0 ? patterns : [catalogue], process.cwd(), catalogue)
  const loaded = await readScenarios(files)
  return loaded.map(({ scenario }) => ({ name: scenario.id, summary: scenario.title, tags: scenario.tags }))
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
