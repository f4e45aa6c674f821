/** Whom a proxy dials: the same for requests and for health checks, by name where it has a resolver. */
import type { ConnectionOptions } from 'node:tls'
import { dnsNameOf } from '../../scenario/hop_names.js'
import type { ProxyHop } from '../../scenario/hops.js'
import { type Edge, type Site, type Target, targetOf } from '../site.js'
import { createNames } from './names.js'

export type Reach = (edge: Edge) => Target

/** One per proxy: its names share a cache. */
export function reachOf(site: Site, name: string, { resolver, source }: ProxyHop, tls: ConnectionOptions): Reach {
  const names = resolver && createNames(site, name, resolver)
  return (edge) => {
    const target = { ...targetOf(site, name, edge, tls), source }
    if (!names) return target
    const dnsName = dnsNameOf(edge.hop, site.scenario.hops[edge.hop]!)
    return { ...target, name: dnsName, resolve: names(dnsName) }
  }
}
