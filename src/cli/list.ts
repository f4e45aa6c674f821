/** `badgateway list`: the scenarios of the catalogue or of the user's files, and the kinds they are built from. */
import { Argument, Command, InvalidArgumentError } from 'commander'
import { checks } from '../checks/index.js'
import { admissions } from '../core/client/admission/index.js'
import { pacers } from '../core/client/pacing/index.js'
import { policies } from '../core/client/policies/index.js'
import { shapes } from '../core/client/shapes/index.js'
import { effects } from '../core/fault/effects/index.js'
import { triggers } from '../core/fault/triggers/index.js'
import { balancers } from '../core/proxy/balancers/index.js'
import { healthChecks } from '../core/proxy/health_checks/index.js'
import { tlsProfiles } from '../core/tls_profiles.js'
import { ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import { fingerprints } from '../live/profiles.js'
import { proxies } from '../proxies/index.js'
import { reports } from '../reports/index.js'
import { findScenarioFiles, readScenarios } from '../scenario/files.js'
import { hopKinds } from '../scenario/hops.js'
import { catalogue } from './environment.js'

const tables = {
  hops: hopKinds,
  triggers,
  effects,
  policies,
  admissions,
  pacings: pacers,
  shapes,
  balancers,
  health_checks: healthChecks,
  checks,
  proxies,
  reports,
}
const words = ['scenarios', ...Object.keys(tables), 'profiles']

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
  if (words.includes(word)) return word
  throw new InvalidArgumentError(`Nothing is called so, ${suggestion(word, words)}`)
}

async function scenarioRows(patterns: string[]): Promise<Row[]> {
  const files = await findScenarioFiles(patterns.length > 0 ? patterns : [catalogue], process.cwd(), catalogue)
  const loaded = await readScenarios(files)
  return loaded.map(({ scenario }) => ({ name: scenario.id, summary: scenario.title, tags: scenario.tags }))
}

/** On this version of Node: OpenSSL decides much of a ClientHello. */
async function profileRows(): Promise<Row[]> {
  const known = await fingerprints()
  return known.map(({ profile: name, ja3, ja4 }) => ({ name, summary: tlsProfiles[name].summary, ja3, ja4 }))
}

function kindRows(what: keyof typeof tables): Row[] {
  return Object.entries<{ summary: string; effects?: readonly string[] }>(tables[what]).map(([name, kind]) => ({
    name,
    summary: kind.effects ? `${kind.summary} (${kind.effects.join(', ')})` : kind.summary,
  }))
}
