/** What a firewall decided, counted: hits of each rule, bans that began, and who was stopped by one. The reducer calls it. */
import type { WafEvent } from './events.js'
import { type Counts, createTally } from './tally.js'

export interface WafFacts {
  /** By rule: what it named itself; who was banned already is not among these. */
  hits: Counts
  /** By scope: bans that began. */
  bans: Counts
  /** By scope: connections and requests that a ban decided. */
  banned: Counts
}

export function createWafFold() {
  const [hits, bans, banned] = [createTally(), createTally(), createTally()]
  return {
    decided(event: WafEvent) {
      if (event.banned) banned.add(event.banned)
      else hits.add(event.rule)
      if (event.ban) bans.add(event.ban.scope)
    },
    facts: (): WafFacts => ({ hits: hits.counts(), bans: bans.counts(), banned: banned.counts() }),
  }
}
