/** IPv4 networks as text (`127.11.1.0/24`) and as numbers, for exits. Pure. */

export interface Network {
  /** Its first address, as a number. */
  first: number
  /** How many addresses it holds. */
  size: number
}

/** Undefined: it is not of that form, or its address has bits behind the prefix. */
export function parseNetwork(text: string): Network | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)
  if (!match) return undefined
  const [a, b, c, d, prefix] = match.slice(1).map(Number) as [number, number, number, number, number]
  if ([a, b, c, d].some((part) => part > 255) || prefix > 32) return undefined
  const first = ((a * 256 + b) * 256 + c) * 256 + d
  const size = 2 ** (32 - prefix)
  return first % size === 0 ? { first, size } : undefined
}

export const overlap = (one: Network, other: Network): boolean =>
  one.first < other.first + other.size && other.first < one.first + one.size

export const within = (inner: Network, outer: Network): boolean =>
  inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size

/** Without the network's own address and its broadcast, where it is large enough to have them (RFC 3021). */
export const hostsOf = ({ first, size }: Network): Network =>
  size <= 2 ? { first, size } : { first: first + 1, size: size - 2 }

export const addressText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')

/** The /24 that an address is in. */
export const subnetOf = (address: string): string => `${address.slice(0, address.lastIndexOf('.'))}.0/24`
