/**
 * Who can send requests to whom, and who of them tells of it: what the agreement of counts is judged by. The scenario
 * says it once; hops say at which addresses they listen.
 */
import type { HopEvent } from '../events.js'

export interface Ways {
  /** Hops that read requests, proxies and origins: whether they tell of every one. */
  readonly readers: Readonly<Record<string, boolean>>
  /** Wafs and relays (`lb->app`): who reads what they pass on. */
  readonly through: Readonly<Record<string, string>>
  readonly clients: Readonly<Record<string, ClientWay>>
  /** Hops behind a proxy that tells nothing of its tries. */
  readonly behindStranger: readonly string[]
}

export interface ClientWay {
  /** Whom it asks, wafs passed through. */
  to: readonly string[]
  /** Who reads what it sends through tunnels of a gateway, whose the addresses are. */
  behindTunnel?: string | undefined
  /** Its requests carry the ids that it journals, and it journals all of them. */
  tells: boolean
}

export interface Addresses {
  heard(event: HopEvent): void
  /** The hop that reads what is sent to that address, by its number; -1 for an address of nobody's. */
  readerAt(address: string): number
  readonly names: readonly string[]
  numberOf(hop: string): number
  /** Of a waf or a relay: the hop behind it. */
  readerOf(hop: string): number
}

export function createAddresses({ readers, through }: Ways): Addresses {
  const names = Object.keys(readers)
  const numbers = new Map(names.map((name, index) => [name, index]))
  const numberOf = (hop: string): number => numbers.get(hop) ?? -1
  const readerOf = (hop: string): number => numberOf(Object.hasOwn(through, hop) ? through[hop]! : hop)
  const byAddress = new Map<string, number>()
  return {
    names,
    numberOf,
    readerOf,
    heard({ hop, address }) {
      byAddress.set(address, readerOf(hop))
    },
    readerAt: (address) => byAddress.get(address) ?? -1,
  }
}
