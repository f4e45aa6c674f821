/**
 * Whether an open load was the one that was asked for: a fold over how late each request was begun. Latency counts from
 * the intended time, so a late request is no wrong number by itself; but a load of another shape measures something else.
 */
import type { OpenLoad } from './arrivals.js'

/** A request that is begun later than this was not sent in time. One pause of the machine is shorter, as a rule. */
export const lateAfterMs = (load: Pick<OpenLoad, 'for'>): number => Math.max(250, load.for / 100)

/** The least share of the requests that must be begun in time, for the load to be the one that was asked for. */
const IN_TIME_SHARE = 0.99

export interface Punctuality {
  /** One was begun so long after its intended time, at that time of the load. */
  begun(delayMs: number, atMs: number): void
  /** Requests that are never begun: the load is over, and they were late already. */
  dropped(count: number): void
  /** So many more would be late: is the load lost by now? */
  isLost(moreLate: number): boolean
  account(): Account
}

export interface Account {
  asked: number
  sent: number
  in_time: number
  /** Per second. */
  rate_asked: number
  rate_reached: number
  /** Why it is not the load that was asked for, in words. */
  cannot?: string
}

export function createPunctuality(load: OpenLoad): Punctuality {
  const lateMs = lateAfterMs(load)
  let [sent, inTime, lost, endMs] = [0, 0, 0, 0]
  const isLost = (moreLate: number): boolean => {
    const asked = sent + lost + moreLate
    return inTime < asked * IN_TIME_SHARE
  }
  return {
    begun(delayMs, atMs) {
      sent++
      if (delayMs <= lateMs) inTime++
      endMs = Math.max(endMs, atMs)
    },
    dropped(count) {
      lost += count
    },
    isLost,
    account() {
      const asked = sent + lost
      const rate_asked = (asked * 1000) / load.for
      const rate_reached = (sent * 1000) / Math.max(load.for, endMs)
      const figures = { asked, sent, in_time: inTime, rate_asked, rate_reached }
      return isLost(0) ? { ...figures, cannot: sentence(figures, lateMs) } : figures
    },
  }
}

function sentence({ asked, in_time, rate_asked, rate_reached }: Account, lateMs: number): string {
  const share = `${in_time} of ${asked} requests were sent within ${lateMs} ms of their time`
  return `asked for ${perSecond(rate_asked)}, this machine reached ${perSecond(rate_reached)}: ${share}`
}

const perSecond = (rate: number): string => `${rate < 10 ? Number(rate.toFixed(1)) : Math.floor(rate)}/s`
