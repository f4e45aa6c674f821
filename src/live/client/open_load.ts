/**
 * Sends at the intended times, whatever becomes of the requests before, and says at the end whether it could. No timer
 * for each request: it wakes up about once a millisecond and sends all that is due. client.ts calls it.
 */
import { arrivals, type OpenLoad } from '../../core/client/arrivals.js'
import { createPunctuality, lateAfterMs, type Punctuality } from '../../core/client/punctuality.js'
import { createLatency } from '../../journal/latency.js'
import { monotonicMs, roundMs, soon, wait } from '../clock.js'
import type { Site } from '../site.js'

/** More than this in flight means that nothing gets answered: the run would only eat memory. */
const IN_FLIGHT_LIMIT = 20_000

/** So long it goes on sending what is late before answers get their turn. */
const SLICE_MS = 4

/** @param send begins the n-th request, from 0, meant for that time since the load's start; resolves when it is done */
export async function runOpenLoad(
  site: Site,
  client: string,
  load: OpenLoad,
  send: (n: number, intended: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const sender = new Sender(site, client, load, send, signal)
  const asked = await sender.sendAll()
  if (asked) site.journal(asked)
  await sender.answered()
}

class Sender {
  private readonly inFlight = new Set<Promise<void>>()
  private readonly punctuality: Punctuality
  private readonly delays = createLatency()
  /** On the clock of clock.ts, and in the load's time. */
  private readonly startedMs = monotonicMs()
  private readonly started: number
  private count = 0
  /** How many requests it means to send in all; known once that is in doubt. */
  private asked: number | undefined

  constructor(
    private readonly site: Site,
    private readonly client: string,
    private readonly load: OpenLoad,
    private readonly send: (n: number, intended: number) => Promise<void>,
    private readonly signal: AbortSignal,
  ) {
    this.punctuality = createPunctuality(load)
    this.started = site.now()
  }

  /** The account of the load; undefined where it was stopped. */
  async sendAll() {
    const { site, client, signal } = this
    let sliceEnd = monotonicMs() + SLICE_MS
    for (const at of this.times()) {
      while (this.elapsed < at && !signal.aborted) {
        await wait(at - this.elapsed, signal)
        sliceEnd = monotonicMs() + SLICE_MS
      }
      if (monotonicMs() > sliceEnd) {
        await new Promise<void>(soon)
        sliceEnd = monotonicMs() + SLICE_MS
      }
      if (signal.aborted) return undefined
      if (this.isOver(at)) break
      if (this.inFlight.size >= IN_FLIGHT_LIMIT) {
        site.broken(`client "${client}" has ${IN_FLIGHT_LIMIT} requests in flight: lower its rate`)
        return undefined
      }
      this.begin(at)
    }
    return this.account()
  }

  /** Drawn anew by each call, and the same each time. */
  private times(): Generator<number> {
    const { site, client, load } = this
    // Who comes in turn comes at the same times; side by side that would be twice as many at once.
    return arrivals(load, site.chance.stream(site.scenario.in_turn ? 'arrivals' : `arrivals/${client}`))
  }

  answered(): Promise<unknown> {
    return Promise.all(this.inFlight)
  }

  private get elapsed(): number {
    return monotonicMs() - this.startedMs
  }

  private begin(at: number): void {
    const now = this.elapsed
    this.punctuality.begun(now - at, now)
    this.delays.record(now - at)
    const request = this.send(this.count++, this.started + at)
    this.inFlight.add(request)
    void request.finally(() => this.inFlight.delete(request))
  }

  /** Its time is up, and what was not sent is late, too much of it: sending it now would show nothing. */
  private isOver(at: number): boolean {
    const { load, punctuality, count } = this
    const now = this.elapsed
    const full = this.inFlight.size >= IN_FLIGHT_LIMIT
    if (!(now > load.for + lateAfterMs(load) || full) || now - at <= lateAfterMs(load)) return false
    this.asked ??= lengthOf(this.times())
    const rest = this.asked - count
    if (!punctuality.isLost(rest)) return false
    punctuality.dropped(rest)
    return true
  }

  private account() {
    const { delays } = this
    const { rate_asked, rate_reached, ...figures } = this.punctuality.account()
    return {
      event: 'load' as const,
      t: this.site.now(),
      client: this.client,
      ...figures,
      rate_asked: roundMs(rate_asked),
      rate_reached: roundMs(rate_reached),
      start_delay_p50_ms: roundMs(delays.percentileMs(50)),
      start_delay_p99_ms: roundMs(delays.percentileMs(99)),
      start_delay_max_ms: roundMs(delays.percentileMs(100)),
    }
  }
}

function lengthOf(all: Iterable<unknown>): number {
  let length = 0
  for (const _ of all) length++
  return length
}
