/**
 * Who stands in for a proxy hop: a program that the rig starts, or a proxy that the user runs. The command line makes one
 * for all scenarios of a run; start.ts starts it in the place of the hop.
 */
import type { ProxyDriver, ProxyPlaces, ProxySettings } from '../../proxies/driver.js'
import type { ProxyHop } from '../../scenario/hops.js'
import type { Scenario } from '../../scenario/schema.js'

export interface Product {
  is: 'program'
  driver: ProxyDriver
  /** As results name it: `nginx 1.22.1`. */
  name: string
  /** Its path, or a word for PATH. */
  program: string
  /** A configuration of the user's own, in the place of the one that the driver writes. */
  configuration?: (settings: ProxySettings, places: ProxyPlaces) => string
  /** Told the text of each configuration before it is used. */
  configured?: (settings: ProxySettings, text: string) => void
  /** How long it may take until it answers, in milliseconds. */
  readyWithin?: number
}

export interface Foreign {
  is: 'url'
  /** As results name it: the URL. */
  name: string
  host: string
  port: number
  /** Where it expects its servers, in their order. */
  upstreamPorts: readonly number[]
  /** How long the user may take to start it, in milliseconds. */
  readyWithin?: number
}

export type StandIn = Product | Foreign

/** The hop that is replaced: the one that says so, else the first proxy; undefined where there is none. */
export function replacedHop({ hops }: Pick<Scenario, 'hops'>): string | undefined {
  const proxies = Object.entries(hops).filter(([, hop]) => hop.kind === 'proxy')
  const [name] = proxies.find(([, hop]) => hop.kind === 'proxy' && hop.under_test) ?? proxies[0] ?? []
  return name
}

/** The ports that places must have, since a proxy of the user's own goes there: hops, or the links to them. */
export function fixedPorts(
  { hops, faults }: Pick<Scenario, 'hops' | 'faults'>,
  standIn: StandIn | undefined,
): ReadonlyMap<string, number> {
  const replaced = replacedHop({ hops })
  if (standIn?.is !== 'url' || replaced === undefined) return new Map()
  const linked = new Set(faults.map(({ on }) => on))
  return new Map(
    (hops[replaced] as ProxyHop).to.map(({ hop }, index) => {
      const link = `${replaced}->${hop}`
      return [linked.has(link) ? link : hop, standIn.upstreamPorts[index]!]
    }),
  )
}
