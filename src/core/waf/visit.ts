/** What a firewall knows of who comes: of the connection, and of the request where it can read one. */
import { parseNetwork, subnetOf, within } from '../gateway/networks.js'

export interface Visit {
  /** Of the peer, without the port. */
  address: string
  /** Absent where no TLS is spoken, or nobody could read it. */
  hello?: Hello | undefined
  request?: HttpRequest | undefined
}

export interface Hello {
  ja3: string
  ja4: string
  sni: string | undefined
  alpn: readonly string[]
}

export interface HttpRequest {
  method: string
  /** The target as it stands in the request. */
  path: string
  /** In their order, as they were written. */
  headers: readonly (readonly [name: string, value: string])[]
}

export const headersOf = ({ headers }: HttpRequest, name: string): string[] =>
  headers.filter(([written]) => written.toLowerCase() === name).map(([, value]) => value)

/** What a rate or a ban counts by. Who speaks no TLS has no fingerprint, and counts with all who have none. */
export const scopes = ['fingerprint', 'fingerprint_on_address', 'address', 'subnet', 'all'] as const
export type Scope = (typeof scopes)[number]

export function keyOf(scope: Scope, { address, hello }: Visit): string {
  const fingerprint = hello?.ja4 ?? 'no TLS'
  switch (scope) {
    case 'fingerprint':
      return fingerprint
    case 'fingerprint_on_address':
      return `${fingerprint} on ${address}`
    case 'address':
      return address
    case 'subnet':
      return subnetOf(address)
    case 'all':
      return 'all'
  }
}

/** Whether text is a network such as 127.11.1.0/24, with no bit set behind its prefix. */
export const isNetwork = (text: string): boolean => parseNetwork(text) !== undefined

export function isIn(network: string, address: string): boolean {
  const [whole, one] = [parseNetwork(network), parseNetwork(`${address}/32`)]
  return whole !== undefined && one !== undefined && within(one, whole)
}
