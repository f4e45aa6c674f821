/**
 * A client under load: sends what its arrivals or callers say, and after every attempt does what `call` decides.
 * Nothing is retried below it: one attempt is one request on the wire.
 */
import { setMaxListeners } from 'node:events'
import { arrivals } from '../core/client/arrivals.js'
import { call, type Decision } from '../core/client/call.js'
import type { Outcome } from '../core/client/outcome.js'
import type { Timeouts } from '../core/proxy/timeouts.js'
import type { ConnectionUse } from '../journal/events.js'
import type { ClientConfig } from '../scenario/clients.js'
import { monotonicMs, roundMs, wait } from './clock.js'
import type { Connection, ExchangeListener } from './connection.js'
import { Pool } from './pool.js'
import { type Site, targetOf } from './site.js'

/** More than this in flight means that nothing gets answered: the run would only eat memory. */
const IN_FLIGHT_LIMIT = 20_000

/** Runs the whole load of the client `name`; resolves when every request is done, or soon after an abort. */
export async function runClient(site: Site, name: string, config: ClientConfig, signal: AbortSignal): Promise<void> {
  // One listener per request in flight.
  setMaxListeners(0, signal)
  const { timeout } = config
  const limits: Timeouts = { connect: timeout, send: timeout, read: timeout, client: timeout }
  const pool = new Pool(site, targetOf(site, name, config.to), limits)
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
  for (const at of arrivals(load.arrivals, load.rate, load.for, site.chance.stream(`arrivals/${name}`))) {
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

/** Sends single requests, with their attempts. */
class Caller {
  private count = 0

  constructor(
    private readonly site: Site,
    private readonly name: string,
    private readonly config: ClientConfig,
    private readonly pool: Pool,
    private readonly signal: AbortSignal,
  ) {}

  /** @param intended when it was meant to be sent, in milliseconds since the load's start; now if absent */
  async request(intended = this.site.now()): Promise<void> {
    const { site, name, config, signal } = this
    const id = `${name}-${++this.count}`
    for (let attempt = 1; ; attempt++) {
      const seen = await this.attempt(id)
      if (signal.aborted) return
      const decision = call(config.retry, config.request.method, attempt, seen, () =>
        site.chance.at('retry', id, attempt),
      )
      this.bookAttempt(id, attempt, seen, decision)
      if (decision.do === 'done') {
        const ok = decision.why === 'success'
        const { status, failure } = seen
        const ms = roundMs(site.now() - intended)
        site.journal({
          event: 'request',
          t: site.now(),
          client: name,
          request: id,
          attempts: attempt,
          ok,
          status,
          failure,
          ms,
        })
        return
      }
      await wait(decision.after_ms, signal)
      if (signal.aborted) return
    }
  }

  private attempt(id: string): Promise<Seen> {
    const { method, path, headers, body } = this.config.request
    const flat = Object.entries({ Host: this.host(), 'X-Request-Id': id, ...headers }).flat()
    const connection = this.pool.acquire()
    return new Promise((resolve) => {
      const watch = new Watch(this.pool, connection, this.config.keep_alive, resolve)
      const stop = () => watch.stop()
      this.signal.addEventListener('abort', stop, { once: true })
      watch.cleanUp = () => this.signal.removeEventListener('abort', stop)
      connection.run({ method, path, headers: flat, body: body ?? null }, watch)
    })
  }

  private host(): string {
    const { servername, host, port } = this.pool.target
    return `${servername ?? host}:${port}`
  }

  private bookAttempt(id: string, attempt: number, seen: Seen, decision: Decision): void {
    const { site, name: client } = this
    const { ms, bytes, truncated, status, failure } = seen
    site.journal({
      event: 'attempt',
      t: site.now(),
      client,
      request: id,
      attempt,
      ...seen.use,
      status,
      failure,
      truncated,
      bytes,
      proxy_status: seen.proxyStatus,
      proxy_error: seen.proxyError,
      decision: decision.do === 'again' ? `again: ${decision.reason}` : decision.why,
      wait_ms: decision.do === 'again' ? roundMs(decision.after_ms) : undefined,
      ms,
    })
  }
}

interface Seen extends Outcome {
  use: ConnectionUse
  bytes: number
  truncated: true | undefined
  proxyStatus: string | undefined
  proxyError: string | undefined
  ms: number
}

/** Watches one attempt until it ends. */
class Watch implements ExchangeListener {
  cleanUp = (): void => {}
  private readonly started = monotonicMs()
  private readonly seen: Omit<Seen, 'use'> = {
    bytes: 0,
    truncated: undefined,
    proxyStatus: undefined,
    proxyError: undefined,
    ms: 0,
  }

  constructor(
    private readonly pool: Pool,
    private readonly connection: Connection,
    private readonly keepAlive: boolean,
    private readonly resolve: (seen: Seen) => void,
  ) {}

  head(status: number, rawHeaders: Buffer[]): boolean {
    this.seen.status = status
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!.toString('latin1').toLowerCase()
      if (name === 'proxy-status') this.seen.proxyStatus = rawHeaders[i + 1]!.toString('latin1')
      if (name === 'x-proxy-error') this.seen.proxyError = rawHeaders[i + 1]!.toString('latin1')
    }
    return true
  }

  data(chunk: Buffer): boolean {
    this.seen.bytes += chunk.length
    return true
  }

  end(): void {
    if (this.keepAlive) this.pool.release(this.connection)
    else this.pool.discard(this.connection)
    this.done()
  }

  failed(failure: Outcome['failure']): void {
    this.pool.discard(this.connection)
    this.seen.failure = failure
    if (this.seen.status !== undefined) this.seen.truncated = true
    this.done()
  }

  /** The run is over: nobody waits for the answer. */
  stop(): void {
    this.pool.discard(this.connection)
    this.done()
  }

  private done(): void {
    this.cleanUp()
    const ms = roundMs(monotonicMs() - this.started)
    this.resolve({ ...this.seen, ms, use: this.connection.use })
  }
}
