/**
 * A client under load: sends when its arrivals or callers say so. load.ts and rig.ts call it; what becomes of a single
 * request is caller.ts's.
 */
import { setMaxListeners } from 'node:events'
import { arrivals } from '../../core/client/arrivals.js'
import type { Timeouts } from '../../core/proxy/timeouts.js'
import type { ClientConfig } from '../../scenario/clients.js'
import { wait } from '../clock.js'
import { Pool } from '../pool.js'
import { type Site, targetOf } from '../site.js'
import { dialOptions } from '../tls.js'
import { Caller } from './caller.js'

/** More than this in flight means that nothing gets answered: the run would only eat memory. */
const IN_FLIGHT_LIMIT = 20_000

/** Runs the whole load of the client `name`; resolves when every request is done, or soon after an abort. */
export async function runClient(site: Site, name: string, config: ClientConfig, signal: AbortSignal): Promise<void> {
  // One listener per request in flight.
  setMaxListeners(0, signal)
  const { timeout, source } = config
  const limits: Timeouts = { connect: timeout, send: timeout, read: timeout, reply: timeout, client: timeout }
  const tls = await dialOptions(site.certificates, name, config.tls)
  const pool = new Pool(site, { ...targetOf(site, name, { hop: config.to }, tls), source }, limits)
  const caller = new Caller(site, name, config, pool, signal)
  try {
    await ('rate' in config.load ? open(caller, config.load, site, name, signal) : closed(caller, config.load, signal))
  } finally {
    await pool.close()
  }
}

/** Sends at the intended times, whatever becomes of the requests before. */
async function open(caller: Caller, load: OpenLoad, site: Site, name: string, signal: AbortSignal): Promise<void> {
  const inFlight = new Set<Promise<void>>()
  const started = site.now()
  // Who comes in turn comes at the same times; side by side that would be twice as many at once.
  const draw = site.chance.stream(site.scenario.in_turn ? 'arrivals' : `arrivals/${name}`)
  for (const at of arrivals(load.arrivals, load.rate, load.for, draw)) {
    const early = started + at - site.now()
    if (early > 0) await wait(early, signal)
    if (signal.aborted) break
    if (inFlight.size >= IN_FLIGHT_LIMIT) {
      site.broken(`client "${name}" has ${IN_FLIGHT_LIMIT} requests in flight: lower its rate`)
      break
    }
    const request = caller.request(started + at)
    inFlight.add(request)
    void request.finally(() => inFlight.delete(request))
  }
  await Promise.all(inFlight)
}

/** So many callers, each sends its next request when the last one is done. */
async function closed(caller: Caller, load: ClosedLoad, signal: AbortSignal): Promise<void> {
  let left = load.requests
  const work = async (): Promise<void> => {
    while (left-- > 0 && !signal.aborted) await caller.request()
  }
  await Promise.all(Array.from({ length: Math.min(load.concurrency, load.requests) }, work))
}

type OpenLoad = Extract<ClientConfig['load'], { rate: number }>
type ClosedLoad = Extract<ClientConfig['load'], { requests: number }>
