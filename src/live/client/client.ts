/**
 * A client under load: sends when its arrivals, callers or users say so. The thread of clients calls it (live/thread/);
 * what becomes of a single request is caller.ts's.
 */
import { setMaxListeners } from 'node:events'
import type { Timeouts } from '../../core/proxy/timeouts.js'
import { sampleMs } from '../../lib/distribution.js'
import type { ClientConfig } from '../../scenario/clients.js'
import { startTimer, stopTimer, wait } from '../clock.js'
import type { Connection } from '../connection.js'
import { type Census, Pool } from '../pool.js'
import type { Site } from '../site.js'
import { dialOptions } from '../tls.js'
import { Caller, type Way } from './caller.js'
import { runOpenLoad } from './open_load.js'
import { type Route, routeThrough, routeTo } from './route.js'
import { saturate } from './saturation.js'

/** Runs the whole load of the client `name`; resolves when every request is done, or soon after an abort. */
export async function runClient(site: Site, name: string, config: ClientConfig, signal: AbortSignal): Promise<void> {
  // One listener per request in flight.
  setMaxListeners(0, signal)
  const { load, to, through, fallback } = config
  const tls = await dialOptions(site.certificates, name, config.tls)
  const straight = (hop: string): Route => routeTo(site, name, hop, config, tls)
  if ('saturate' in load) return saturate(site, name, config, load, straight(to).target, signal)
  const { callers, close } = instancesOf(site, name, config, signal, {
    usual: (who) => (through ? routeThrough(site, name, who, config, through, tls) : straight(to)),
    // Straight: a gateway may be what failed.
    fallback: fallback && (() => straight(fallback.to)),
  })
  /** Request n is the n modulo N-th instance's: their shares differ by one at most, and depend on nothing else. */
  const of = (n: number): Caller => callers[n % callers.length]!
  try {
    if ('requests' in load) await closed(load, (n) => of(n).request(), signal)
    else if ('users' in load) await users(site, name, load, of, signal)
    else await runOpenLoad(site, name, load, (n, intended) => of(n).request(intended), signal)
    await Promise.all(callers.map((caller) => caller.settled()))
  } finally {
    await close()
  }
}

/** Independent clients of one configuration: connections and policy state are each one's own. */
function instancesOf(
  site: Site,
  name: string,
  config: ClientConfig,
  signal: AbortSignal,
  routes: { usual: (who: string) => Route; fallback: (() => Route) | undefined },
) {
  const { timeout, instances } = config
  const limits: Timeouts = { connect: timeout, send: timeout, read: timeout, reply: timeout, client: timeout }
  const census = censusOf(site, name, config.connections)
  const opened: Pool[] = []
  const wayOf = (route: Route): Way => {
    const pool = new Pool(site, route.target, limits, undefined, undefined, census)
    opened.push(pool)
    return { route, pool }
  }
  const callerOf = (instance: number | undefined): Caller => {
    const { usual, fallback } = routes
    const who = instance === undefined ? name : `${name}.${instance}`
    const ways = { usual: wayOf(usual(who)), fallback: fallback && wayOf(fallback()) }
    return new Caller(site, name, who, config, ways, signal, instance)
  }
  return {
    callers: Array.from({ length: instances }, (_, i) => callerOf(instances > 1 ? i : undefined)),
    close: () => Promise.all(opened.map((pool) => pool.close())),
  }
}

function censusOf(site: Site, name: string, limit: number): Census {
  let told = false
  return {
    open: new Set<Connection>(),
    limit,
    exceeded() {
      if (told) return
      told = true
      const remedy = 'lower its rate or its retries, let it give up earlier, or raise "connections"'
      site.broken(`client "${name}" opens more than ${limit} connections at once: ${remedy}`)
    },
  }
}

/** So many callers, each sends its next request when the last one is done. */
async function closed(
  load: Extract<ClientConfig['load'], { requests: number }>,
  send: (n: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let count = 0
  const work = async (): Promise<void> => {
    while (count < load.requests && !signal.aborted) await send(count++)
  }
  await Promise.all(Array.from({ length: Math.min(load.concurrency, load.requests) }, work))
}

/** Each sends a request, reads the answer, thinks for a while and sends the next, until the time is up. */
async function users(
  site: Site,
  name: string,
  load: Extract<ClientConfig['load'], { users: number }>,
  of: (n: number) => Caller,
  signal: AbortSignal,
): Promise<void> {
  const end = new AbortController()
  const stop = () => end.abort()
  signal.addEventListener('abort', stop, { once: true })
  const timer = startTimer(load.for, stop)
  // Every user waits for it.
  setMaxListeners(0, end.signal)
  const use = async (user: number): Promise<void> => {
    for (let nth = 0; !end.signal.aborted; nth++) {
      await of(user).request()
      let draws = 0
      const thought = sampleMs(load.think, () => site.chance.at(`think/${name}/${user}`, nth, draws++))
      if (thought > 0) await wait(thought, end.signal)
    }
  }
  try {
    await Promise.all(Array.from({ length: load.users }, (_, user) => use(user)))
  } finally {
    stopTimer(timer)
    signal.removeEventListener('abort', stop)
  }
}
