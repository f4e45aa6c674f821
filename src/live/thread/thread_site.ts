/**
 * The site of a run in the thread of its clients: the run's time, its addresses and their states, a batch for a journal,
 * certificates from the run's CA. thread.ts makes it; a client on it can't tell it from the site of the hops.
 */
import { createFaultPlan, type FaultPlan } from '../../core/fault/plan.js'
import type { JournalEvent } from '../../journal/events.js'
import { InvariantError, invariant } from '../../lib/errors.js'
import { chanceFrom } from '../../lib/random.js'
import { createScope } from '../../lib/scope.js'
import { armedIn, followAddressStates, type SharedStates } from '../address_states.js'
import type { KeyPair } from '../authority.js'
import { fromSharedMs, monotonicMs, roundMs, soon, startTimer, stopTimer, type Timer } from '../clock.js'
import type { Site } from '../site.js'
import type { FromThread, RunOrder } from './protocol.js'

export interface ThreadSite extends Site {
  /** What was journaled is on its way. */
  flush(): void
  answered(id: number, value: unknown): void
}

/** What is said of one run. */
export type Said<Message = FromThread> = Message extends { run: number } ? Omit<Message, 'run'> : never

/** @param stop ends the load here, whatever the other thread makes of it */
export function createThreadSite(order: RunOrder, say: (message: Said) => void, stop: () => void): ThreadSite {
  const { scenario, addresses, states, zero, journaling } = order
  const chance = chanceFrom(order.seed)
  const questions: ((value: unknown) => void)[] = []
  const began = zero === undefined ? undefined : fromSharedMs(zero)
  const batch = createBatch((events) => say({ say: 'events', events }))
  return {
    scenario: { ...scenario, faults: [...scenario.faults] },
    plan: following(createFaultPlan(scenario.faults, chance), states),
    chance,
    scope: createScope(),
    journaling,
    journal: journaling ? batch.add : () => {},
    flush: batch.flush,
    now: () => (began === undefined ? 0 : roundMs(monotonicMs() - began)),
    loadStart: () => began,
    addressOf(hop, from = hop) {
      const address = addresses[from]?.[hop]
      invariant(address, `client "${from}" asked for the address of "${hop}"`)
      return address
    },
    addressStates: followAddressStates(states),
    certificates: {
      ca: order.ca,
      of: (...of) =>
        new Promise<KeyPair>((resolve) => {
          const id = questions.push((value) => resolve(value as KeyPair)) - 1
          say({ say: 'ask', id, of })
        }),
    },
    answered: (id, value) => questions[id]!(value),
    broken(message) {
      batch.flush()
      say({ say: 'broken', message })
      // Whoever finds it may be about to begin a request, which would not hear of an end that has been.
      soon(stop)
    },
    // What only hops need.
    nameServer: undefined,
    crash: undefined,
    onAddressChange: onlyHops,
    onLoadStart: onlyHops,
    onLoadEnd: onlyHops,
  }
}

function onlyHops(): never {
  throw new InvariantError('a client asked for what only hops have')
}

/** Of an address in another process the plan tells who dials: with the faults armed as the hops' thread has them. */
function following(plan: FaultPlan, states: SharedStates): FaultPlan {
  return {
    ...plan,
    address(place, nowMs) {
      for (const [id, armed] of armedIn(states)) {
        if (armed) plan.arm(id)
        else plan.disarm(id)
      }
      return plan.address(place, nowMs)
    },
  }
}

/** Each message wakes the other thread: not for every event. */
const FLUSH_MS = 5
const FULL = 500

function createBatch(send: (events: string) => void) {
  let events: JournalEvent[] = []
  let timer: Timer | undefined
  const flush = (): void => {
    stopTimer(timer)
    timer = undefined
    if (events.length === 0) return
    send(JSON.stringify(events))
    events = []
  }
  return {
    flush,
    add(event: JournalEvent): void {
      events.push(event)
      if (events.length >= FULL) flush()
      else timer ??= startTimer(FLUSH_MS, flush)
    },
  }
}
