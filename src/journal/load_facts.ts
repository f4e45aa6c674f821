/** What loads came to: the accounts of open loads, and of those that only keep the machine busy. The reducer calls it. */
import type { LoadEvent, SaturationEvent } from './events.js'

/** Whether an open load was the one that was asked for. */
export type LoadAccount = Omit<LoadEvent, 'event' | 't' | 'client'>
export type SaturationAccount = Omit<SaturationEvent, 'event' | 't' | 'client'>

export interface LoadFacts {
  /** By client. */
  loads: ReadonlyMap<string, LoadAccount>
  saturations: ReadonlyMap<string, SaturationAccount>
}

export function createLoadsFold() {
  const loads = new Map<string, LoadAccount>()
  const saturations = new Map<string, SaturationAccount>()
  return {
    load({ event, t, client, ...account }: LoadEvent): void {
      // Of several the first that could not be made: what holds for the rest does not hold for all.
      if (loads.get(client)?.cannot === undefined) loads.set(client, account)
    },
    saturation: ({ event, t, client, ...account }: SaturationEvent): void => void saturations.set(client, account),
    facts: (): LoadFacts => ({ loads: new Map(loads), saturations: new Map(saturations) }),
  }
}
