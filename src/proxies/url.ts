/**
 * A proxy that the user runs: reached at a URL, with the rig's hops behind it at ports that it was told of. Nothing is
 * written, started or read; what follows from that is here.
 */
import { isService } from '../dialects/index.js'
import type { Lack, ProxySettings, Tells } from './driver.js'

export const tells: Tells = { proxy_status: false, details: false, requests: false, log: false }

/** @param upstreams how many servers it was told of */
export function lacks(settings: ProxySettings, upstreams: number): Lack[] {
  const { tls, servers, resolver, source, dialect } = settings
  const found: Lack[] = []
  const lack = (setting: string, why: string) => found.push({ setting, why })
  if (tls) lack('tls', 'clients come to the URL without TLS')
  if (source !== undefined) lack('source', 'which address your proxy dials from is its own business')
  if (isService(dialect)) lack(`dialect: ${dialect}`, 'your proxy has pages and a Server header of its own')
  if (resolver) lack('resolver', 'your proxy does not ask the name server of the run')
  if (servers.some(({ secured }) => secured))
    lack('to', 'the CA of the servers is made for each run: your proxy can’t trust it')
  if (servers.length !== upstreams) {
    lack(
      'to',
      `it has ${counted(servers.length, 'server')}, and --proxy-upstream-port names ${counted(upstreams, 'port')}`,
    )
  }
  return found
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
