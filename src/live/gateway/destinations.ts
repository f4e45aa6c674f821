/**
 * Whom a gateway may be asked for, and how it reaches each: by the hop's name or address, from an exit, with TLS or without.
 * gateway.ts makes one; who may ask, and what an answer says, is not known here.
 */
import type { ConnectionOptions } from 'node:tls'
import type { Failure } from '../../core/failure.js'
import {
  type AbsoluteTarget,
  type Authority,
  type Destination,
  findDestination,
} from '../../core/gateway/destination.js'
import { dnsNameOf, type GatewayHop } from '../../scenario/hops.js'
import { createNames } from '../proxy/names.js'
import { endOfBytes, type Site, type Target, targetOf } from '../site.js'

export interface Destinations {
  /** The hop, or why nobody is dialled. */
  find(asked: Authority): string | Failure
  /** For a tunnel: bytes are carried, and nothing is spoken. */
  tunnelTo(hop: string): Target
  /** For a request in that scheme; TLS asks for the name that the client did. */
  speakTo(hop: string, asked: AbsoluteTarget): Target
}

export function createDestinations(site: Site, name: string, hop: GatewayHop, tls: ConnectionOptions): Destinations {
  const names = hop.resolver && createNames(site, name, hop.resolver)
  const known = hop.to.map((to): Destination => {
    const { host, port } = site.addressOf(to)
    return { hop: to, name: dnsNameOf(to, site.scenario.hops[to]!), address: host, port }
  })
  const reach = (to: string, scheme: 'http' | 'https'): Target => {
    const target = targetOf(site, name, { hop: to, scheme }, tls)
    if (!names) return target
    const dnsName = dnsNameOf(to, site.scenario.hops[to]!)
    return { ...target, name: dnsName, resolve: names(dnsName) }
  }
  return {
    find: (asked) => findDestination(known, hop.ports, asked),
    tunnelTo: (to) => reach(to, 'http'),
    speakTo(to, { scheme, host }) {
      const target = reach(to, scheme)
      if (scheme === 'http') return target
      // No address can be asked for in a ClientHello (RFC 6066 section 3).
      const byAddress = host === target.host
      return { ...target, servername: tls.servername ?? (byAddress ? endOfBytes(site, to).name : host) }
    },
  }
}
