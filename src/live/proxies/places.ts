/**
 * Where everything of a real proxy is to be: free ports, a folder of its own with the certificates, the addresses of its
 * servers. product.ts asks before it writes a configuration.
 */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyTypesOf } from '../../core/tls.js'
import { CannotRunError } from '../../lib/errors.js'
import type { KeyPairFiles, ProxyPlaces, ProxySettings } from '../../proxies/driver.js'
import type { ProxyHop } from '../../scenario/hops.js'
import { listen } from '../address_state.js'
import type { KeyPair } from '../authority.js'
import { NO_ROUTE } from '../dial.js'
import { KeptPort } from '../kept_port.js'
import { formatAddress, type Site, targetOf } from '../site.js'

/** Where everything is to be: free ports, a folder of its own with the certificates, and the addresses of the servers. */
export async function placesFor(site: Site, settings: ProxySettings, hop: ProxyHop): Promise<ProxyPlaces> {
  const { certificates } = site
  const { tls, upstream_tls } = settings
  const types = tls ? keyTypesOf(tls) : []
  const own = await Promise.all(types.map((key) => certificates.of(settings.hop, { key })))
  const client = upstream_tls.client_certificate ? await certificates.of(settings.hop, { client: true }) : undefined
  const [control, free] = await freePorts(site)
  const port = hop.port ?? free
  // Last of all, and at once: until the program is there, nobody would remove it if this process were killed.
  const folder = mkdtempSync(join(tmpdir(), 'badgateway-'))
  site.scope.add(() => rm(folder, { recursive: true, force: true }))
  const write = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const writePair = (name: string, { cert, key }: KeyPair): KeyPairFiles => ({
    cert: write(`${name}.crt`, cert),
    key: write(`${name}.key`, key),
    pem: write(`${name}.pem`, `${key}\n${cert.slice(0, cert.indexOf(END) + END.length)}\n`),
  })
  return {
    folder,
    port,
    control,
    addresses: hop.to.map((edge) => addressFor(site, settings.hop, edge)),
    name_server: site.nameServer,
    ca: write('ca.crt', certificates.ca),
    own: own.map((pair, index) => writePair(`own-${types[index]}`, pair)),
    client: client && writePair('client', client),
    privileged: process.getuid?.() === 0,
  }
}

const END = '-----END CERTIFICATE-----'

/** Without a route it dials where none leads, as our own dialler does. */
function addressFor(site: Site, hop: string, edge: ProxyHop['to'][number]): string {
  const target = targetOf(site, hop, edge, {})
  const lost = site.plan.address(target.place, 0)?.effect.type === 'unreachable'
  return formatAddress(lost ? { ...target, host: NO_ROUTE } : target)
}

/**
 * Those that a run of this process has. Between two listeners a port is free, and the kernel gives it to the next who
 * asks: HAProxy and Apache share it then without a word (SO_REUSEPORT), and each gets a part of the other's requests.
 */
const given = new Set<number>()

/** Two ports that nobody listens at. Asked for one after the other, they might be the same. */
async function freePorts(site: Site): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  for (const server of servers) await listen(server, 0)
  const ports = servers.map((server) => (server.address() as { port: number }).port) as [number, number]
  const taken = ports.some((port) => given.has(port))
  for (const port of taken ? [] : ports) {
    given.add(port)
    site.scope.add(async () => void given.delete(port))
  }
  await Promise.all(servers.map(closed))
  if (taken) return freePorts(site)
  await Promise.all(ports.map((port) => keep(site, port)))
  return ports
}

/** The program listens there all the same, as soon as it likes; whoever asks for any port is given another one. */
async function keep(site: Site, port: number): Promise<void> {
  const kept = await KeptPort.prepare(port)
  site.scope.add(() => kept.close())
  await kept.take()
}

/** @throws CannotRunError when somebody has the port */
export async function mustBeFree(hop: string, port: number, remedy: string): Promise<void> {
  const server = createServer()
  await listen(server, port).catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'EACCES' ? 'needs privileges' : 'is taken'
    throw new CannotRunError(`Port ${port} for hop "${hop}" ${what}`, remedy, { cause: error })
  })
  await closed(server)
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
