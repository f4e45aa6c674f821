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
import type { Exit } from '../../core/gateway/exits.js'
import { dnsNameOf } from '../../scenario/hop_names.js'
import type { GatewayHop } from '../../scenario/hops.js'
import { createNames } from '../proxy/names.js'
import { endOfBytes, type Site, type Target, targetOf } from '../site.js'
import { sourceOf } from './traffic.js'

export interface Destinations {
  /** The hop, or why nobody is dialled. */
  find(asked: Authority): string | Failure
  /** For a tunnel: bytes are carried, and nothing is spoken. */
  tunnelTo(hop: string, exit: Exit): Target
  /** For a request in that scheme; TLS asks for the name that the client did. */
  speakTo(hop: string, asked: AbsoluteTarget, exit: Exit, profile: string): Target
}

/** @param profiles how TLS is spoken, by profile */
export function createDestinations(
  site: Site,
  name: string,
  hop: GatewayHop,
  profiles: ReadonlyMap<string, ConnectionOptions>,
): Destinations {
  const names = hop.resolver && createNames(site, name, hop.resolver)
  const known = hop.to.map((to): Destination => {
    const { host, port } = site.addressOf(to)
    return { hop: to, name: dnsNameOf(to, site.scenario.hops[to]!), address: host, port }
  })
  /** @param tls how it is spoken, where it is */
  const reach = (to: string, scheme: 'http' | 'https', exit: Exit, tls: ConnectionOptions): Target => {
    const target = { ...targetOf(site, name, { hop: to, scheme }, tls), source: sourceOf(exit) }
    if (!names) return target
    const dnsName = dnsNameOf(to, site.scenario.hops[to]!)
    return { ...target, name: dnsName, resolve: names(dnsName) }
  }
  return {
    find: (asked) => findDestination(known, hop.ports, asked),
    tunnelTo: (to, exit) => reach(to, 'http', exit, {}),
    speakTo(to, { scheme, host }, exit, profile) {
      if (scheme === 'http') return reach(to, scheme, exit, {})
      const tls = profiles.get(profile)!
      const target = reach(to, scheme, exit, tls)
      // No address can be asked for in a ClientHello (RFC 6066 section 3).
      const byAddress = host === target.host
      return { ...target, servername: tls.servername ?? (byAddress ? endOfBytes(site, to).name : host) }
    },
  }
}
