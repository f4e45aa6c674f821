/**
 * The room at a gateway: how many requests and tunnels it has in hand, who waits for room, and for how long. It sets the
 * timers; the limits and their failures are core/gateway's.
 */
import type { Failure } from '../../core/failure.js'
import { exitsFull } from '../../core/gateway/failures.js'
import { gatewayFull, waitedForRoom } from '../../core/gateway/settings.js'
import { createPending } from '../../core/proxy/pending.js'
import type { GatewayHop } from '../../scenario/hops.js'
import { monotonicMs, roundMs, startTimer, stopTimer, type Timer } from '../clock.js'

/** Who wants room. It is told until it has entered, or is refused. */
export interface Guest {
  /**
   * There is room in all. False: at none of its exits, and it goes on waiting.
   * @param queuedMs how long it waited; undefined where it did not have to
   */
  enter(queuedMs: number | undefined): boolean
  refuse(failure: Failure): void
}

export interface Room {
  ask(guest: Guest): void
  /** It has left before it was told. */
  withdraw(guest: Guest): void
  /** Who had entered is done. */
  leave(): void
}

interface Waiting {
  since: number
  timer: Timer
}

export function createRoom({ limits, queue }: Pick<GatewayHop, 'limits' | 'queue'>): Room {
  const total = limits.total ?? Number.POSITIVE_INFINITY
  const pending = createPending<Guest>(queue?.size ?? 0)
  const waiting = new Map<Guest, Waiting>()
  let inside = 0

  function enter(guest: Guest): boolean {
    const wait = waiting.get(guest)
    inside++
    if (guest.enter(wait && roundMs(monotonicMs() - wait.since))) {
      forget(guest)
      return true
    }
    inside--
    return false
  }

  function forget(guest: Guest): void {
    stopTimer(waiting.get(guest)?.timer)
    waiting.delete(guest)
    pending.leave(guest)
  }

  return {
    ask(guest) {
      const full = inside >= total
      if (!full && enter(guest)) return
      if (!queue) return guest.refuse(full ? gatewayFull(`${AT_ONCE}: ${total}`) : exitsFull())
      if (!pending.enter(guest)) return guest.refuse(gatewayFull('the queue of the gateway is full'))
      const timer = startTimer(queue.timeout, () => {
        forget(guest)
        guest.refuse(waitedForRoom())
      })
      waiting.set(guest, { since: monotonicMs(), timer })
    },
    withdraw: forget,
    leave() {
      inside--
      pending.advance((guest) => {
        if (inside >= total) return 'nobody'
        return enter(guest) ? 'taken' : 'passed'
      })
    },
  }
}

const AT_ONCE = 'the limit of requests and tunnels at once'
