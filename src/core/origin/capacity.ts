/**
 * What an origin can do at once: so many workers, a queue, a lock that some requests need, and what becomes of those
 * that find it full. Facts and time go in, actions come out; an engine carries them out and comes back when the time
 * is over. It knows no socket and no clock.
 */
import { z } from 'zod'
import { type Distribution, distributionSchema, sampleMs } from '../../lib/distribution.js'
import { invariant } from '../../lib/errors.js'
import { share } from '../../lib/quantity.js'
import type { Chance } from '../../lib/random.js'
import { like, pattern } from '../pattern.js'

export const capacitySchema = z.strictObject({
  workers: z.int().min(1).max(100_000).meta({ description: 'Requests that are served at once' }),
  queue: z.int().min(0).max(100_000).default(0).meta({ description: 'Requests that may wait for a worker, in order' }),
  service_time: distributionSchema.meta({ description: 'How long a worker takes for a request' }),
  lock: z
    .strictObject({
      hold: distributionSchema.meta({ description: 'How long it is held, before the service time begins' }),
      path: pattern('The requests that need it, such as /write*').optional(),
      share: share().prefault('100%').meta({ description: 'The share of those, drawn by the seed' }),
    })
    .optional()
    .meta({ description: 'One lock for all workers: who needs it occupies a worker while it waits' }),
  when_full: z.literal(['queue', 503, 'reset', 'stop_accepting']).default(503).meta({
    description:
      'Workers and queue are full: 503 answers so; reset sends RST; stop_accepting leaves connections to the kernel; queue lets nobody be turned away, and a queue over its limit is an error of the run',
  }),
  backlog: z.int().min(1).max(4096).default(511).meta({
    description: 'Connections that the kernel keeps for it while it does not accept; it drops the SYN of more',
  }),
})

export type CapacityConfig = z.output<typeof capacitySchema>

export type CapacityAction =
  /** Come back with `elapsed` after so long. */
  | { do: 'work'; id: number; for_ms: number }
  /** The work is done: answer, if somebody still wants to hear it. */
  | { do: 'finish'; id: number; spent: Spent }
  /** Turned away. */
  | { do: 'shed'; id: number; how: 503 | 'reset' }
  /** No new connection is taken until `accept`. */
  | { do: 'stop_accepting' }
  | { do: 'accept' }
  /** More wait than a run can bear: it is an error, and this request stays unanswered. */
  | { do: 'overflow'; id: number; limit: number }

/** Where the time of a request went, in milliseconds. */
export interface Spent {
  /** From its arrival until a worker took it. */
  queued_ms: number
  /** In a worker, waiting for the lock. */
  locked_ms: number
  /** In a worker, the lock in hand or done with it. */
  worked_ms: number
}

export interface Capacity {
  /**
   * @param id the engine's number of the request, not used twice
   * @param key what its draws hang on (core/fault/tape.ts); its number if absent
   */
  arrive(id: number, path: string, nowMs: number, key?: string): CapacityAction[]
  /** The time that `work` gave is over. */
  elapsed(id: number, nowMs: number): CapacityAction[]
  readonly state: CapacityState
}

export interface CapacityState {
  /** Requests in a worker, those that wait for the lock included. */
  working: number
  waiting: number
  /** Arrived while nothing was accepted, on connections that were open: they count as unread. */
  unread: number
  /** Who has the lock. */
  holder: number | undefined
  accepting: boolean
}

/** Nobody means to wait behind so many: an engine that gets there would only eat memory. */
export const UNREAD_LIMIT = 10_000

/** @param name of the origin, for its own draws */
export function createCapacity(config: CapacityConfig, name: string, chance: Chance): Capacity {
  return new Workplace(config, name, chance)
}

interface Job {
  id: number
  needsLock: boolean
  holdMs: number
  serviceMs: number
  /** `lock` and `holding` only where it needs the lock. */
  stage: 'waiting' | 'lock' | 'holding' | 'serving'
  arrivedMs: number
  /** When a worker took it, and when the worker could begin. */
  takenMs: number
  begunMs: number
}

class Workplace implements Capacity {
  private readonly working = new Map<number, Job>()
  private readonly waiting: Job[] = []
  private readonly unread: Job[] = []
  private readonly forLock: Job[] = []
  private holder: Job | undefined
  private accepting = true
  private arrivals = 0

  constructor(
    private readonly config: CapacityConfig,
    private readonly name: string,
    private readonly chance: Chance,
  ) {}

  arrive(id: number, path: string, nowMs: number, key?: string): CapacityAction[] {
    const job = this.jobOf(id, path, nowMs, key)
    const actions: CapacityAction[] = []
    if (this.working.size < this.config.workers) this.take(job, nowMs, actions)
    else if (this.waiting.length < this.config.queue) this.waiting.push(job)
    else actions.push(...this.turnAway(job))
    this.mind(actions)
    return actions
  }

  elapsed(id: number, nowMs: number): CapacityAction[] {
    const job = this.working.get(id)
    invariant(job && (job.stage === 'holding' || job.stage === 'serving'), `request ${id} is not being worked on`)
    const actions: CapacityAction[] = []
    if (job.stage === 'holding') {
      this.serve(job, actions)
      this.holder = undefined
      const next = this.forLock.shift()
      if (next) this.lock(next, nowMs, actions)
      return actions
    }
    this.working.delete(id)
    actions.push({ do: 'finish', id, spent: spentOf(job, nowMs) })
    const next = this.waiting.shift() ?? this.unread.shift()
    if (next) this.take(next, nowMs, actions)
    if (this.unread.length > 0 && this.waiting.length < this.config.queue) this.waiting.push(this.unread.shift()!)
    this.mind(actions)
    return actions
  }

  get state(): CapacityState {
    const { working, waiting, unread, holder, accepting } = this
    return {
      working: working.size,
      waiting: waiting.length,
      unread: unread.length,
      holder: holder?.id,
      accepting,
    }
  }

  private jobOf(id: number, path: string, arrivedMs: number, key?: string): Job {
    const who = `${this.name}/${key ?? this.arrivals++}`
    const { lock, service_time } = this.config
    const drawn = (what: string, distribution: Distribution): number => {
      let index = 0
      return sampleMs(distribution, () => this.chance.at(`capacity/${what}`, who, index++))
    }
    const mayNeed = lock !== undefined && (lock.path === undefined || like(lock.path, path))
    return {
      id,
      needsLock: mayNeed && this.chance.at('capacity/lock', who, 0) < lock.share,
      holdMs: lock ? drawn('hold', lock.hold) : 0,
      serviceMs: drawn('service', service_time),
      stage: 'waiting',
      arrivedMs,
      takenMs: arrivedMs,
      begunMs: arrivedMs,
    }
  }

  private take(job: Job, nowMs: number, actions: CapacityAction[]): void {
    this.working.set(job.id, job)
    job.takenMs = nowMs
    job.begunMs = nowMs
    if (!job.needsLock) return this.serve(job, actions)
    if (!this.holder) return this.lock(job, nowMs, actions)
    job.stage = 'lock'
    this.forLock.push(job)
  }

  private lock(job: Job, nowMs: number, actions: CapacityAction[]): void {
    this.holder = job
    job.stage = 'holding'
    job.begunMs = nowMs
    actions.push({ do: 'work', id: job.id, for_ms: job.holdMs })
  }

  private serve(job: Job, actions: CapacityAction[]): void {
    job.stage = 'serving'
    actions.push({ do: 'work', id: job.id, for_ms: job.serviceMs })
  }

  private turnAway(job: Job): CapacityAction[] {
    const { queue, when_full: how } = this.config
    const { id } = job
    if (how === 503 || how === 'reset') return [{ do: 'shed', id, how }]
    if (how === 'queue') return [{ do: 'overflow', id, limit: queue }]
    if (this.unread.length >= UNREAD_LIMIT) return [{ do: 'overflow', id, limit: UNREAD_LIMIT }]
    this.unread.push(job)
    return []
  }

  /** Whoever stops accepting when full does so before the next connection comes. */
  private mind(actions: CapacityAction[]): void {
    const { workers, queue, when_full } = this.config
    if (when_full !== 'stop_accepting') return
    const room = this.working.size < workers || this.waiting.length < queue
    if (room === this.accepting) return
    this.accepting = room
    actions.push({ do: room ? 'accept' : 'stop_accepting' })
  }
}

const spentOf = ({ arrivedMs, takenMs, begunMs }: Job, nowMs: number): Spent => ({
  queued_ms: takenMs - arrivedMs,
  locked_ms: begunMs - takenMs,
  worked_ms: nowMs - begunMs,
})
