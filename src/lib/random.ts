/**
 * Chance as an argument. A seed makes one root key; long streams are named, and draws per request, attempt or
 * server hash (key, purpose, entity, index), so that a policy that draws more does not shift anyone else's draws.
 */
import seedrandom from 'seedrandom'

/** A number in [0, 1). */
export type Draw = () => number

export interface Chance {
  readonly seed: number
  /** A long stream of its own, the same for the same seed and name. */
  stream(name: string): Draw
  /** One draw in [0, 1) that depends on nothing but its arguments and the seed. */
  at(purpose: string, entity: string | number, index: number): number
}

export function chanceFrom(seed: number): Chance {
  const key = seedrandom.alea(`badgateway/${seed}`).int32() >>> 0
  const purposes = new Map<string, number>()
  return {
    seed,
    stream: (name) => seedrandom.alea(`badgateway/${seed}/${name}`),
    at(purpose, entity, index) {
      let base = purposes.get(purpose)
      if (base === undefined) {
        base = hashText(purpose, key)
        purposes.set(purpose, base)
      }
      const who = typeof entity === 'number' ? mix(base ^ Math.imul(entity | 0, 0x9e3779b1)) : hashText(entity, base)
      return mix(who ^ Math.imul(index + 1, 0x85ebca6b)) / 0x1_0000_0000
    },
  }
}

/** The seed of the n-th of several runs, from 1: the first has the seed itself. */
export const seedOfRun = (seed: number, n: number): number =>
  n === 1 ? seed : Math.floor(chanceFrom(seed).at('run', 'seed', n) * 0x1_0000_0000)

/** FNV-1a over the characters, then mixed. */
function hashText(text: string, seed: number): number {
  let hash = (seed ^ 0x811c9dc5) | 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash)
}

/** The 32-bit finaliser of MurmurHash3. */
function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
