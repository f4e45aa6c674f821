/** A proxy hop of a scenario as the plain facts that a driver of a real proxy takes. */
import type { OwnConf, ProxySettings } from '../../proxies/driver.js'
import { includeBeside, readConfFile } from '../../proxies/nginx_conf/files.js'
import { dnsNameOf } from '../../scenario/hop_names.js'
import type { ProxyHop } from '../../scenario/hops.js'
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
  return { ...config, hop, servers, own: config.nginx && ownConfOf(config.nginx) }
}

function ownConfOf(nginx: NonNullable<ProxyHop['nginx']>): OwnConf {
  const source = 'file' in nginx ? readConfFile(nginx.file) : { file: undefined, text: nginx.config }
  const map = Object.fromEntries(Object.entries(nginx.map).map(([host, hop]) => [host.toLowerCase(), hop]))
  return { source, include: includeBeside(source.file), map }
}
