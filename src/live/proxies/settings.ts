/** A proxy hop of a scenario as the plain facts that a driver of a real proxy takes. */
import type { ProxySettings } from '../../proxies/driver.js'
import { dnsNameOf, type ProxyHop } from '../../scenario/hops.js'
import { endOfBytes, type Site } from '../site.js'

export function settingsOf(site: Pick<Site, 'scenario'>, hop: string, config: ProxyHop): ProxySettings {
  const { hops } = site.scenario
  const servers = config.to.map((edge) => {
    const end = endOfBytes(site, edge.hop)
    return {
      ...edge,
      secured: edge.scheme === undefined ? end.tls : edge.scheme === 'https',
      certificate_name: end.name,
      dns_name: dnsNameOf(edge.hop, hops[edge.hop]!),
    }
  })
  return { ...config, hop, servers }
}
