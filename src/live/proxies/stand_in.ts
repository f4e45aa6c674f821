/**
 * Who stands in for a proxy hop: a program that the rig starts, or a proxy that the user runs. run.ts makes one for all
 * its scenarios, start.ts starts it. Also which hop it is, and what of a scenario it can't do.
 */
import type { ProxyDriver, ProxyPlaces, ProxySettings } from '../../proxies/driver.js'
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

export type StandIn = Product

/** The hop that is replaced: the one that says so, else the first proxy; undefined where there is none. */
export function replacedHop({ hops }: Pick<Scenario, 'hops'>): string | undefined {
  const proxies = Object.entries(hops).filter(([, hop]) => hop.kind === 'proxy')
  const [name] = proxies.find(([, hop]) => hop.kind === 'proxy' && hop.under_test) ?? proxies[0] ?? []
  return name
}
