/** `badgateway doctor`: what this machine can do, which scenarios will run here, and what to install for the rest. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import pc from 'picocolors'
import { CannotRunError } from '../lib/errors.js'
import { bindingError } from '../live/bindable.js'
import { findProduct } from '../live/proxies/find.js'
import { type ProxyName, proxies } from '../proxies/index.js'
import { loadScenarios } from '../scenario/files.js'
import type { Scenario } from '../scenario/schema.js'
import { version } from '../version.js'
import { catalogue, coloured } from './environment.js'

export const doctorCommand = new Command('doctor')
  .description('tell what this machine can do, which scenarios will run, and what to install')
  .option('--json', 'as JSON')
  .addHelpText('after', '\nExit codes: 0 every scenario of the catalogue runs here, 3 something is missing for that.')
  .action(async (options: { json?: boolean }) => {
    const findings = await examine()
    if (options.json) console.log(JSON.stringify({ version, findings }, null, 2))
    else print(findings)
    process.exitCode = findings.every(({ ok, optional }) => ok || optional) ? 0 : 3
  })

export interface Finding {
  name: string
  ok: boolean
  /** The catalogue runs without it. */
  optional?: true
  /** What was found. */
  found: string
  /** Why it matters and what to do; absent when all is well. */
  remedy?: string
}

export async function examine(): Promise<Finding[]> {
  return [
    nodeVersion(),
    platform(),
    await loopback(),
    await exits(),
    peerQueues(),
    ...(await realProxies()),
    await scenarios(),
  ]
}

/** As package.json's engines say. */
const FLOOR = [20, 19] as const

function nodeVersion(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  const ok = major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1])
  return finding('node', ok, process.versions.node, `Install Node ${FLOOR.join('.')} or newer`)
}

const platform = (): Finding =>
  finding(
    'platform',
    process.platform === 'linux',
    process.platform,
    'Only Linux is tested: some faults may look different',
  )

async function loopback(): Promise<Finding> {
  const error = await bindingError('127.0.0.1')
  return finding('loopback', !error, error?.message ?? '127.0.0.1 can be listened on', 'Every hop listens on 127.0.0.1')
}

/** Linux has all of 127.0.0.0/8; elsewhere a machine has the addresses that it was given. */
async function exits(): Promise<Finding> {
  const error = await bindingError(AN_EXIT)
  const found = error?.message ?? 'addresses of 127.0.0.0/8 can be dialled from'
  const remedy =
    'Exits of gateways are such addresses, and so is the source of a client: give them to the loopback interface ' +
    `first (macOS: sudo ifconfig lo0 alias ${AN_EXIT})`
  return finding('exits', !error, found, remedy)
}

const AN_EXIT = '127.11.1.1'

function peerQueues(): Finding {
  let readable = true
  try {
    readFileSync('/proc/net/tcp')
  } catch {
    readable = false
  }
  const found = readable ? '/proc/net/tcp can be read' : '/proc/net/tcp is missing'
  return finding('resets', readable, found, 'An RST behind data waits a fixed 50 ms here, not until the peer has read')
}

/** Those that --proxy can put into the path; the catalogue runs on the mini proxy without any. */
async function realProxies(): Promise<Finding[]> {
  const names = Object.keys(proxies) as ProxyName[]
  return Promise.all(
    names.map(async (name): Promise<Finding> => {
      try {
        const product = await findProduct(name)
        return { name, ok: true, optional: true, found: `${product.name} can stand in the path: --proxy ${name}` }
      } catch (error) {
        if (!(error instanceof CannotRunError)) throw error
        const remedy = `${error.remedy}, to run scenarios with --proxy ${name}`
        return { name, ok: false, optional: true, found: error.what, remedy }
      }
    }),
  )
}

async function scenarios(): Promise<Finding> {
  const loaded = await loadScenarios([catalogue], catalogue)
  const run = (await bindingError(AN_EXIT)) ? loaded.filter(({ scenario }) => !dialsFromElsewhere(scenario)) : loaded
  const found = `${run.length} of ${loaded.length} in the catalogue run here`
  return finding('scenarios', run.length === loaded.length, found, 'The others have exits, or a source of their own')
}

/** From an address beside 127.0.0.1. */
const dialsFromElsewhere = ({ hops, clients }: Scenario): boolean =>
  Object.values(hops).some((hop) => ('exits' in hop && hop.exits) || ('source' in hop && hop.source)) ||
  Object.values(clients).some(({ source }) => source !== undefined)

const finding = (name: string, ok: boolean, found: string, remedy: string): Finding =>
  ok ? { name, ok, found } : { name, ok, found, remedy }

function print(findings: Finding[]): void {
  const colors = pc.createColors(coloured(process.stdout))
  console.log(`badgateway ${version}\n`)
  for (const { name, ok, optional, found, remedy } of findings) {
    console.log(
      `${ok ? colors.green('✓') : optional ? colors.dim('–') : colors.yellow('!')} ${name.padEnd(10)} ${found}${remedy ? `. ${remedy}` : ''}`,
    )
  }
}
