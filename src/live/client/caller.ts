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
import type { Connection } from '../connection.js'
import type { Pool } from '../pool.js'
import type { Site } from '../site.js'
import { Attempt, type Seen } from './attempt.js'
import { Errand, type OnOver, type Sender, type Told } from './errand.js'
import { type Outgoing, outgoing } from './outgoing.js'
import { Pace } from './pace.js'
import type { Asked, Route } from './route.js'

/** To the hop that is asked, and to the one that is asked when that failed. */
export interface Ways {
  usual: Way
  fallback?: Way | undefined
}

export interface Way {
  route: Route
  pool: Pool
}

interface Speaking extends Way {
  out: Outgoing
}

export class Caller implements Sender {
  readonly settings: CallSettings
  readonly holdMs: number
  private readonly ways: { usual: Speaking; fallback: Speaking | undefined }
  private count = 0
  private readonly admission
  private readonly pace: Pace | undefined
  private readonly unsettled = new Set<Promise<void>>()
  private readonly readsJson: boolean

  /** @param instance of a client that is many, from 0 */
  constructor(
    private readonly site: Site,
    private readonly name: string,
    /** The name that its requests begin with. */
    private readonly who: string,
    private readonly config: ClientConfig,
    ways: Ways,
    readonly signal: AbortSignal,
    private readonly instance?: number,
  ) {
    const { request, retry, hedge, health_first, fallback, pacing } = config
    const speaking = (way: Way): Speaking => ({ ...way, out: outgoing(request, way.route) })
    this.holdMs = config.hold
    this.ways = { usual: speaking(ways.usual), fallback: ways.fallback && speaking(ways.fallback) }
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

  send(asked: Asked, to: 'usual' | 'fallback', onOver: OnOver): () => void {
    const { pool, out, route } = this.ways[to]!
    const { gives_up, keep_alive } = this.config
    const conversation = out.converse()
    const connection = connectionFor(asked, route, pool, conversation !== undefined)
    const on = { pool, connection, keepAlive: keep_alive && !route.fresh && out.raw === undefined }
    const attempt = new Attempt(on, conversation, onOver, this.readsJson)
    attempt.impossible = (why) => this.site.broken(`client "${this.name}" can't send its request: ${why}`)
    if (gives_up !== undefined) attempt.cleanUp = startDeadline(gives_up, () => attempt.giveUp())
    connection.run(out.request(asked, conversation), attempt, out.raw)
    return () => attempt.stop()
  }

  check(asked: Asked, onOver: OnOver): () => void {
    const { pool, out, route } = this.ways.usual
    const connection = connectionFor(asked, route, pool)
    const keepAlive = this.config.keep_alive && !route.fresh
    const attempt = new Attempt({ pool, connection, keepAlive }, undefined, onOver)
    connection.run(out.check(asked, this.config.health_first!.path), attempt)
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

function connectionFor(asked: Asked, { fresh, targetFor }: Route, pool: Pool, alone = false): Connection {
  return pool.acquire(fresh || alone, targetFor && (() => targetFor(asked)))
}
