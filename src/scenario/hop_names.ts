/**
 * The names of hops: in DNS, and of those that a hop asks. Apart from what describes hops, so that who only asks for a name,
 * as the thread of the clients does when it starts, does not load every dialect, balancer and preset.
 */
import type { Hop, WafHop } from './hops.js'

/** The name that a hop goes by in DNS. */
export const dnsNameOf = (name: string, { dns }: Pick<Hop, 'dns'>): string => dns.name ?? `${name}.test`

/** By which it is asked for: its own name, and those of the firewalls in front, which pass on what is meant for them. */
export function dnsNamesOf(name: string, hops: Readonly<Record<string, Hop>>): string[] {
  const hop = hops[name]
  if (!hop) return []
  const firewalls = Object.keys(hops).filter((other) => {
    const { kind, to } = hops[other] as WafHop
    return kind === 'waf' && to === name
  })
  return [dnsNameOf(name, hop), ...firewalls.flatMap((other) => dnsNamesOf(other, hops))]
}

/** The names of the hops that a hop forwards to, or whose port it uses. */
export function nextHops(hop: Hop): string[] {
  switch (hop.kind) {
    case 'origin':
      return []
    case 'waf':
      return [hop.to]
    case 'gateway':
      return hop.to
    case 'proxy':
      return hop.to.flatMap(({ hop, port }) => (typeof port === 'string' ? [hop, port] : [hop]))
  }
}
