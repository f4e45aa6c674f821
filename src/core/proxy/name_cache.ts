/**
 * The addresses that a proxy knows, each for as long as its record allows (RFC 1035 section 3.2.1). One per proxy; the
 * time is an argument. Failures are not kept: that takes a SOA record (RFC 2308), which our zone does not send.
 */

/** @see createNameCache */
export interface NameCache {
  /** The address, while it may be used. */
  get(name: string, nowMs: number): string | undefined
  /** 0 seconds: for this once only. */
  put(name: string, address: string, ttlSeconds: number, nowMs: number): void
}

export function createNameCache(): NameCache {
  const known = new Map<string, { address: string; untilMs: number }>()
  return {
    get(name, nowMs) {
      const entry = known.get(name)
      return entry && nowMs < entry.untilMs ? entry.address : undefined
    },
    put(name, address, ttlSeconds, nowMs) {
      known.set(name, { address, untilMs: nowMs + ttlSeconds * 1000 })
    },
  }
}
