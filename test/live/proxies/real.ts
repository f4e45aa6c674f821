/** What the tests of real proxies share: whether the product is there, and what a run has left behind. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { findProduct } from '../../../src/live/proxies/find.js'
import type { Product } from '../../../src/live/proxies/stand_in.js'
import type { ProxyName } from '../../../src/proxies/index.js'
import type { LoadedScenario } from '../../../src/run.js'
import { checkScenario } from '../../../src/scenario/parse.js'
import { lacks } from '../../cli/command.js'

/** The product as this machine has it; undefined, and told as a skip or a failure with the remedy, where there is none. */
export async function installed(t: Test, name: ProxyName): Promise<Product | undefined> {
  try {
    return await findProduct(name)
  } catch (error) {
    lacks(t, (error as Error).message)
    return undefined
  }
}

export const loaded = (input: object): LoadedScenario => ({
  file: 'test.yaml',
  scenario: checkScenario({ id: 'test', title: 'test', ...input } as never, { runnable: true }),
})

/** A folder for temporary files that nobody else has: what is left of a run is there, and in the processes that name it. */
export function ownTemporary(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'badgateway-test-'))
  // As the usual one is: what a product runs as may be another user.
  chmodSync(folder, 0o711)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return {
    folder,
    files: (): string[] => readdirSync(folder),
    processes: (): string[] => commands().filter((command) => command.includes(folder)),
  }
}

/** The command lines of all processes of this machine. */
function commands(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      // A zombie has none.
      return command === '' ? [] : [`${pid} ${command}`]
    } catch {
      return []
    }
  })
}

/**
 * Ports that nobody listens at, and none of those that the kernel gives to whoever asks for any, as tests beside do. Whoever
 * draws the same one in another process finds the guard there, which stays: two of them would want it at once otherwise.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if ((await listening(port, GUARDS)) === 'EADDRINUSE') continue
    const server = await listening(port, '127.0.0.1')
    if (typeof server === 'string') continue
    ports.add(port)
    await new Promise((done) => server.close(done))
  }
  return [...ports]
}

/** An address at which nobody else listens; where loopback has but one, there are no guards. */
const GUARDS = '127.255.0.1'

/** Who listens there now, or why nobody can. */
function listening(port: number, host: string): Promise<Server | string> {
  const server = createServer().unref()
  return new Promise((done) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => done(`${code}`)).listen(port, host, () => done(server))
  })
}
