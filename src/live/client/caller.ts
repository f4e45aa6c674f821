/**
 * The requests of one client, or of one of its instances, and what they share: connections, admission, pace. Nothing is
 * retried below it: one attempt is one request on the wire. client.ts calls it at the load's pace; it knows no fault.
 */
import { createAdmissions } from '../../core/client/admission/index.js'
import type { CallSettings, Surroundings } from '../../core/client/call.js'
import { readsJson } from '../../core/client/policies/index.js'
import { parseRetryAfter } from '../../core/client/retry_after.js'
import type { AttemptEvent, RequestEvent } from '../../journal/events.js'
import type { ClientConfig } from '../../scenario/clients.js'
import { monotonicMs, roundMs, startDeadline, wallMs } from '../clock.js'
import type { Pool } from '../pool.js'
import type { Site } from '../site.js'
import { Attempt, type Seen } from './attempt.js'
import { Errand, type OnOver, type Sender, type Told } from './errand.js'
import { type Outgoing, outgoing } from './outgoing.js'
import { Pace } from './pace.js'

/** To the hop that is asked, and to the one that is asked when that failed. */
export interface Pools {
  to: Pool
  fallback?: Pool | undefined
}

interface Way {
  pool: Pool
  out: Outgoing
}

export class Caller implements Sender {
  readonly settings: CallSettings
  readonly holdMs: number
  private readonly ways: { usual: Way; fallback: Way | undefined }
  private count = 0
  private readonly admission
  private readonly pace: Pace | undefined
  private readonly unsettled = new Set<Promise<void>>()
  /** The name that its requests begin with. */
  private readonly who: string
  private readonly readsJson: boolean

  /** @param instance of a client that is many, from 0 */
  constructor(
    private readonly site: Site,
    private readonly name: string,
    private readonly config: ClientConfig,
    pools: Pools,
    readonly signal: AbortSignal,
    private readonly instance?: number,
  ) {
    const { request, retry, hedge, health_first, fallback, pacing } = config
    const way = (pool: Pool): Way => ({ pool, out: outgoing(request, pool.target) })
    this.holdMs = config.hold
    this.who = instance === undefined ? name : `${name}.${instance}`
    this.ways = { usual: way(pools.to), fallback: pools.fallback && way(pools.fallback) }
    this.settings = {
      retry,
      hedge,
      method: request.method,
      keyed: request.idempotency_key,
      healthFirst: health_first !== undefined,
      fallback: fallback !== undefined,
    }
    this.admission = createAdmissions(config.admission)
    this.readsJson = readsJson(retry)
    this.pace = pacing && new Pace(pacing, monotonicMs, (n) => site.chance.at('pacing', this.who, n))
  }

  /**
   * Resolves when the request is over.
   * @param intended when it was meant to be sent, in milliseconds since the load's start; now if absent
   */
  async request(intended = this.site.now()): Promise<void> {
    const { signal, pace } = this
    const asked = this.now()
    const id = this.ways.usual.out.ownId ?? `${this.who}-${++this.count}`
    const turn = pace ? await pace.turn(this.patienceMs, signal) : 'go'
    if (turn === 'aborted' || signal.aborted) return
    if (turn === 'late') return this.tooLate(id, intended)
    const errand = new Errand(this, id, intended)
    this.unsettled.add(errand.settled)
    void errand.settled.then(() => this.unsettled.delete(errand.settled))
    await errand.run(asked)
  }

  /** Resolves when the attempts have ended too that requests have left behind. */
  async settled(): Promise<void> {
    await Promise.all(this.unsettled)
  }

  surroundings(id: string): Surroundings {
    const { site, admission } = this
    return {
      admission,
      draw: (purpose, n) => site.chance.at(purpose, id, n),
      epochMs: wallMs() - monotonicMs(),
    }
  }

  now(): number {
    return monotonicMs()
  }

  since(intended: number): number {
    return this.site.now() - intended
  }

  send(id: string, to: 'usual' | 'fallback', onOver: OnOver): () => void {
    const { pool, out } = this.ways[to]!
    const { gives_up, keep_alive } = this.config
    const conversation = out.converse()
    const connection = pool.acquire(conversation !== undefined)
    const on = { pool, connection, keepAlive: keep_alive && out.raw === undefined }
    const attempt = new Attempt(on, conversation, onOver, this.readsJson)
    if (gives_up !== undefined) attempt.cleanUp = startDeadline(gives_up, () => attempt.giveUp())
    connection.run(out.request(id, conversation), attempt, out.raw)
    return () => attempt.stop()
  }

  check(id: string, onOver: OnOver): () => void {
    const { pool, out } = this.ways.usual
    const connection = pool.acquire()
    const attempt = new Attempt({ pool, connection, keepAlive: this.config.keep_alive }, undefined, onOver)
    connection.run(out.check(id, this.config.health_first!.path), attempt)
    return () => attempt.stop()
  }

  heard(seen: Seen, ok: boolean): void {
    if (!this.pace) return
    const { retryAfter } = seen
    const asked = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, wallMs())
    this.pace.heard({ now_ms: monotonicMs(), outcome: seen, ok, retry_after_ms: asked })
  }

  ended(): void {
    this.pace?.ended()
  }

  journal(event: Told<AttemptEvent> | Told<RequestEvent>): void {
    const { site, name: client, instance } = this
    const { event: kind, ...told } = event
    site.journal({ event: kind, t: site.now(), client, instance, ...told } as AttemptEvent | RequestEvent)
  }

  /** A deadline holds for the time before the first attempt too. */
  private get patienceMs(): number {
    const { retry } = this.config
    return ('deadline' in retry ? retry.deadline : undefined) ?? Number.POSITIVE_INFINITY
  }

  private tooLate(request: string, intended: number): void {
    const ms = roundMs(this.since(intended))
    const refused = { ok: false, why: 'deadline', refused: 'pacing' }
    this.journal({ event: 'request', request, attempts: 0, ...refused, intended: roundMs(intended), ms })
  }
}
