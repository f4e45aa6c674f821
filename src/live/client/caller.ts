/**
 * The requests of one client: after every attempt it does what `call` decides. Nothing is retried below it: one attempt
 * is one request on the wire. It knows no fault.
 */
import { call, type Decision } from '../../core/client/call.js'
import type { ClientConfig } from '../../scenario/clients.js'
import { roundMs, startDeadline, wait } from '../clock.js'
import type { Pool } from '../pool.js'
import type { Site } from '../site.js'
import { Attempt, type Seen } from './attempt.js'
import { type Outgoing, outgoing } from './outgoing.js'

/** Sends single requests, with their attempts. */
export class Caller {
  private count = 0
  private readonly out: Outgoing

  constructor(
    private readonly site: Site,
    private readonly name: string,
    private readonly config: ClientConfig,
    private readonly pool: Pool,
    private readonly signal: AbortSignal,
    /** Of several, from 0. */
    private readonly instance?: number,
  ) {
    this.out = outgoing(config.request, pool.target)
  }

  /** @param intended when it was meant to be sent, in milliseconds since the load's start; now if absent */
  async request(intended = this.site.now()): Promise<void> {
    const { site, name, config, signal } = this
    const who = this.instance === undefined ? name : `${name}.${this.instance}`
    const id = `${who}-${++this.count}`
    let memory = 0
    for (let attempt = 1; ; attempt++) {
      const seen = await this.attempt(id)
      if (signal.aborted) return
      const draw = () => site.chance.at('retry', id, attempt)
      const decision = call(config.retry, config.request.method, attempt, seen, draw, memory)
      this.bookAttempt(id, attempt, seen, decision)
      if (decision.do === 'done') {
        this.bookRequest(id, attempt, seen, decision.why === 'success', intended)
        // The answer is here, the connection is not given back yet.
        if (seen.letGo && config.hold > 0) await wait(config.hold, signal)
        seen.letGo?.()
        return
      }
      seen.letGo?.()
      memory = decision.memory
      await wait(decision.after_ms, signal)
      if (signal.aborted) return
    }
  }

  private attempt(id: string): Promise<Seen> {
    const { gives_up, keep_alive } = this.config
    const conversation = this.out.converse()
    const connection = this.pool.acquire(conversation !== undefined)
    return new Promise((resolve) => {
      const again = keep_alive && this.out.raw === undefined
      const attempt = new Attempt(this.pool, connection, again, conversation, resolve)
      const stop = () => attempt.stop()
      this.signal.addEventListener('abort', stop, { once: true })
      const stopPatience = gives_up === undefined ? undefined : startDeadline(gives_up, () => attempt.giveUp())
      attempt.cleanUp = () => {
        stopPatience?.()
        this.signal.removeEventListener('abort', stop)
      }
      connection.run(this.out.request(id, conversation), attempt, this.out.raw)
    })
  }

  private bookRequest(id: string, attempts: number, seen: Seen, ok: boolean, intended: number): void {
    const { status, failure, gaveUp } = seen
    const { site, name: client } = this
    const t = site.now()
    const ms = roundMs(t - intended)
    site.journal({ event: 'request', t, client, request: id, attempts, ok, status, failure, gave_up: gaveUp, ms })
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
      gave_up: seen.gaveUp,
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
