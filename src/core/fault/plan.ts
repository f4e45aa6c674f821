/**
 * The faults of one run with their counters: a hop asks at every trigger what happens to this connection, request or
 * response now. Both engines call it; it knows no clock and no socket.
 */
import { invariant } from '../../lib/errors.js'
import type { Chance, Draw } from '../../lib/random.js'
import type { Fault } from './fault.js'
import { type Occurred, Occurrences } from './occurrences.js'
import { createRateGauge, type RateGauge } from './rate.js'
import { isThere, matches, nextTurn, type Occasion, selects } from './selection.js'
import { type Mark, markOf } from './tape.js'
import type { TriggerName } from './triggers/index.js'

export interface FaultPlan {
  /**
   * The fault that takes this occasion, the first of the scenario's order, or undefined. Every fault that it matches
   * counts it, so that one fault, armed or not, never shifts what another one selects.
   */
  take(hop: string, trigger: TriggerName, occasion: Occasion): Fault | undefined
  /** How far into it the faults of that moment wait, in ascending order: each place is an occasion of its own. */
  afters(hop: string, trigger: TriggerName): readonly number[]
  /**
   * Whose attempt a request is that came to the hop with this id: counted there, never believed. Asked once for each.
   * @param request X-Request-Id; without one there is nothing to count by
   */
  mark(hop: string, request: string): Mark | undefined
  /**
   * The draws of the fault's next effect, such as how long a delay is; the same for the same seed.
   * @param key of the occasion, where it has one: then they hang on it, and not on what came before
   */
  draws(id: string, key?: string): Draw
  /**
   * The fault that an address is to be under at that moment: its listener asks. A link is under its own faults and those
   * of the hop behind it. Counts nothing.
   */
  address(place: string, nowMs: number): Fault | undefined
  /** When that may change next, in milliseconds since the load's start; undefined: never. */
  nextAddressChange(place: string, nowMs: number): number | undefined
  arm(id: string): void
  disarm(id: string): void
  /** Forgets how many occasions were seen; arms nothing. */
  reset(): void
  /** What was counted, for a plan that goes on where this one ends: its process was killed. Rates are gauged anew. */
  counts(): Counts
  resume(counts: Counts): void
  isArmed(id: string): boolean
  /** The ids, in the scenario's order. */
  readonly ids: readonly string[]
}

export interface Counts {
  /** By the id of the fault. */
  readonly faults: Readonly<Record<string, { readonly seen: Occurred; readonly drew: number }>>
  /** By hop and X-Request-Id. */
  readonly requests: Occurred
}

export const NO_COUNTS: Counts = { faults: {}, requests: [] }

interface Entry {
  readonly fault: Fault
  armed: boolean
  gauge: RateGauge | undefined
  /** Occasions that matched while it was armed, by what it counts `per`. */
  readonly seen: Occurrences
  /** Effects that drew. */
  drew: number
}

export function createFaultPlan(faults: readonly Fault[], chance: Chance): FaultPlan {
  const entries: Entry[] = faults.map(entryOf)
  const requests = new Occurrences()
  const byId = new Map(entries.map((entry) => [entry.fault.id, entry]))
  const byPlace = new Map<string, Entry[]>()
  for (const entry of entries) {
    const place = `${entry.fault.on}/${entry.fault.at.type}`
    byPlace.set(place, [...(byPlace.get(place) ?? []), entry])
  }
  const aftersOf = new Map([...byPlace].map(([place, there]) => [place, placesIn(there)]))
  const find = (id: string): Entry => {
    const entry = byId.get(id)
    invariant(entry, `no fault "${id}" in this run`)
    return entry
  }
  const ofPlace = (place: string) => byPlace.get(`${place}/connect`) ?? []
  /** A relay accepts before it dials: what the address behind its link is under, its own has to show. */
  const addressed = (place: string) => [...ofPlace(place), ...place.split('->').slice(1).flatMap(ofPlace)]
  return {
    take(hop, trigger, occasion) {
      let taken: Fault | undefined
      for (const entry of byPlace.get(`${hop}/${trigger}`) ?? []) {
        if (!entry.armed || !isThere(entry.fault, occasion.now_ms, chance)) continue
        if (!matches(entry.fault, occasion)) continue
        if (entry.gauge?.isOver(occasion.now_ms, occasion.source) === false) continue
        const n = entry.seen.next(counterOf(entry.fault, occasion))
        const { id } = entry.fault
        const draw =
          occasion.key === undefined ? chance.at('fault', id, n) : chance.at('fault', `${id}/${occasion.key}`, 0)
        if (!taken && selects(entry.fault, n, draw)) taken = entry.fault
      }
      return taken
    },
    mark: (hop, request) => (request === '' ? undefined : markOf(request, requests.next(`${hop} ${request}`))),
    afters: (hop, trigger) => aftersOf.get(`${hop}/${trigger}`) ?? NOWHERE,
    draws(id, key) {
      const entity = key ?? find(id).drew++
      let index = 0
      return () => chance.at(`effect/${id}`, entity, index++)
    },
    address: (place, nowMs) =>
      addressed(place).find(({ armed, fault }) => armed && isThere(fault, nowMs, chance))?.fault,
    nextAddressChange(place, nowMs) {
      const turns = addressed(place).map(({ fault }) => nextTurn(fault, nowMs))
      const times = turns.filter((turn) => turn !== undefined)
      return times.length === 0 ? undefined : Math.min(...times)
    },
    arm(id) {
      find(id).armed = true
    },
    disarm(id) {
      find(id).armed = false
    },
    reset() {
      for (const entry of entries) {
        entry.drew = 0
        entry.seen.reset()
        entry.gauge?.reset()
      }
      requests.reset()
    },
    counts: () => ({
      faults: Object.fromEntries(entries.map(({ fault, seen, drew }) => [fault.id, { seen: seen.told(), drew }])),
      requests: requests.told(),
    }),
    resume(counts) {
      for (const entry of entries) {
        const { seen, drew } = counts.faults[entry.fault.id] ?? { seen: [], drew: 0 }
        entry.seen.resume(seen)
        entry.drew = drew
      }
      requests.resume(counts.requests)
    },
    isArmed: (id) => find(id).armed,
    ids: faults.map((fault) => fault.id),
  }
}

const entryOf = (fault: Fault): Entry => ({
  fault,
  armed: true,
  gauge: fault.rate_over && createRateGauge(fault.rate_over),
  seen: new Occurrences(),
  drew: 0,
})

/** Whose occasions are counted together; who has no name counts with all who have none. */
const counterOf = ({ per }: Fault, { client, request }: Occasion): string =>
  (per === 'client' ? client : per === 'request' ? request : undefined) ?? ''

const NOWHERE: readonly number[] = []

const placesIn = (entries: readonly Entry[]): number[] =>
  [...new Set(entries.map(({ fault: { at } }) => ('after' in at ? at.after : 0)))].sort((a, b) => a - b)
