/**
 * Bans with a time to live that escalate: hits make the narrowest ban, and who goes on while it lasts makes the next
 * wider one. Pure: times are arguments. guard.ts asks it.
 */
import type { BanScope, BansConfig } from './rule.js'
import { keyOf, type Visit } from './visit.js'
import { Windows } from './window.js'

export interface Ban {
  scope: BanScope
  /** Who: a fingerprint on an address, an address, a network. */
  key: string
  for_ms: number
}

interface Lasting {
  /** The rule whose hits led to it. */
  rule: string
  untilMs: number
  /** So many of that key there were, this one included. */
  nth: number
}

/** Keys beyond it: the oldest ban is forgotten. */
const KEYS_LIMIT = 10_000

export class Bans {
  private readonly lasting = new Map<string, Lasting>()
  private readonly hits: readonly Windows[]

  constructor(private readonly config: BansConfig) {
    this.hits = config.widen.map(() => new Windows(config.after - 1, config.within))
  }

  /** The widest ban that covers it now. */
  covering(visit: Visit, nowMs: number): { scope: BanScope; rule: string } | undefined {
    for (const scope of this.config.widen.toReversed()) {
      const ban = this.lasting.get(idOf(scope, visit))
      if (ban && nowMs < ban.untilMs) return { scope, rule: ban.rule }
    }
    return undefined
  }

  /** A rule acted, or a ban did. @returns the ban that begins with it, if one does */
  hit(visit: Visit, rule: string, nowMs: number): Ban | undefined {
    const { widen, growth } = this.config
    const covering = this.covering(visit, nowMs)
    const level = covering ? widen.indexOf(covering.scope) + 1 : 0
    const scope = widen[level]
    if (scope === undefined) return undefined
    const key = keyOf(scope, visit)
    const hits = this.hits[level]!
    if (this.config.after > 1 && !hits.isOver(key, nowMs)) return undefined
    hits.forget(key)
    const id = idOf(scope, visit)
    const nth = (this.lasting.get(id)?.nth ?? 0) + 1
    const for_ms = this.config.for * growth ** (nth - 1)
    this.lasting.delete(id)
    if (this.lasting.size >= KEYS_LIMIT) this.lasting.delete(this.lasting.keys().next().value!)
    this.lasting.set(id, { rule: covering?.rule ?? rule, untilMs: nowMs + for_ms, nth })
    return { scope, key, for_ms }
  }
}

const idOf = (scope: BanScope, visit: Visit): string => `${scope} ${keyOf(scope, visit)}`
