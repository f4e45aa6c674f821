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
  const control = await freePort(site)
  const port = hop.port ?? (await freePort(site))
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
 * A port that nobody listens at, and that the kernel gives to nobody else who asks for any port: HAProxy and Apache would
 * share it without a word (SO_REUSEPORT), and each get a part of the other's requests. The program listens there all the
 * same, as soon as it likes.
 */
async function freePort(site: Site): Promise<number> {
  const server = createServer()
  await listen(server, 0)
  const { port } = server.address() as { port: number }
  const kept = await KeptPort.prepare(port)
  site.scope.add(() => kept.close())
  await closed(server)
  // Between the two it was anybody's.
  return (await kept.take()) ? port : freePort(site)
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
