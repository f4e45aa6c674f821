/** Ids of requests that are done with, to know one that comes again. Those of clients (`plain-7`) take a bit each. */

export interface Ids {
  add(id: string): void
  has(id: string): boolean
}

/** Beyond this a number is kept as text. */
const NUMBER_LIMIT = 16_000_000
const NUMBERED = /^[1-9]\d{0,7}$/

export function createIds(): Ids {
  const numbered = new Map<string, Uint8Array>()
  const others = new Set<string>()
  const numberOf = (id: string, dash: number): number => {
    const text = id.slice(dash + 1)
    return NUMBERED.test(text) ? Number(text) : NUMBER_LIMIT
  }
  return {
    add(id) {
      const dash = id.lastIndexOf('-')
      const n = numberOf(id, dash)
      if (dash < 0 || n >= NUMBER_LIMIT) return void others.add(id)
      const name = id.slice(0, dash)
      let bits = numbered.get(name)
      if (!bits || bits.length <= n >> 3) {
        const longer = new Uint8Array(Math.max(64, (n >> 3) * 2))
        if (bits) longer.set(bits)
        numbered.set(name, longer)
        bits = longer
      }
      bits[n >> 3]! |= 1 << (n & 7)
    },
    has(id) {
      const dash = id.lastIndexOf('-')
      const n = numberOf(id, dash)
      if (dash < 0 || n >= NUMBER_LIMIT) return others.has(id)
      const bits = numbered.get(id.slice(0, dash))
      return bits !== undefined && ((bits[n >> 3] ?? 0) & (1 << (n & 7))) !== 0
    },
  }
}
