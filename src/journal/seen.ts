/**
 * What servers saw, one entry for each attempt, and what their operations came to: folds over the journal for the rig,
 * which hands them to somebody else's test suite.
 */
import type { Failure } from '../core/failure.js'
import type { ForwardEvent, JournalEvent, ServedEvent } from './events.js'

/** One attempt as the server saw it. */
export interface SeenAttempt {
  /** The hop that saw it. */
  hop: string
  requestId: string
  method: string
  path: string
  /** Milliseconds since the rig started, or since the last reset(). */
  at_ms: number
  /** Since the attempt before it in this list; null for the first. */
  gap_ms: number | null
  request_bytes: number
  /** As text, the first 16 KB, or as much as the origin's `keep_body` says; absent without one, and at a proxy. */
  body: string | undefined
  /** The client's end of the connection, host:port: two attempts with the same one came over one connection. */
  connection: string | undefined
  /** What was answered; undefined when no status was sent. */
  status: number | undefined
  outcome: string
  /** The Retry-After that was sent with it, as it stands there; absent at a proxy. */
  retry_after: string | undefined
  failure: Failure | undefined
}

/** One operation at an origin that counts them (`operations`). */
export interface SeenOperation {
  hop: string
  /** The value of the header that names it, such as Idempotency-Key. */
  key: string
  /** How often its effect was applied. More than once is a duplicate. */
  applied: number
  /** How often it was asked for: more than `applied` where the origin answers a key again without applying it. */
  asked: number
}

/** Which attempts: those that have all of what is given. */
export interface AttemptFilter {
  requestId?: string
  method?: string
  path?: string
}

/**
 * What one hop saw, in the order of arrival. Each event is read once, however often it is asked: who waits for a condition
 * asks at every one of them. A journal that begins anew is another array.
 */
export function createAttempts(): (
  events: readonly JournalEvent[],
  hop: string,
  filter: AttemptFilter,
) => SeenAttempt[] {
  let journal: readonly JournalEvent[] = []
  let read = 0
  const seen = new Map<string, Seen[]>()
  return (events, hop, filter) => {
    if (events !== journal) {
      journal = events
      read = 0
      seen.clear()
    }
    for (; read < events.length; read++) {
      const one = seenIn(events[read]!)
      if (!one) continue
      const before = seen.get(one.hop)
      if (before) before.push(one)
      else seen.set(one.hop, [one])
    }
    return selected(seen.get(hop) ?? [], filter)
  }
}

/** Those that the filter wants, with the gaps between them. */
export const selected = (seen: readonly Seen[], filter: AttemptFilter): SeenAttempt[] =>
  withGaps(seen.filter((one) => wanted(one, filter)))

export function operationsIn(events: readonly JournalEvent[]): SeenOperation[] {
  const seen = new Map<string, SeenOperation>()
  for (const event of events) {
    if (event.event !== 'operation') continue
    const { hop, key, applied } = event
    const id = JSON.stringify([hop, key])
    const one = seen.get(id) ?? { hop, key, applied: 0, asked: 0 }
    one.asked++
    if (applied > 0) one.applied++
    seen.set(id, one)
  }
  return [...seen.values()]
}

export type Seen = Omit<SeenAttempt, 'gap_ms'>

function seenIn(event: JournalEvent): Seen | undefined {
  if (event.event === 'served' && !event.health && !event.background) return fromServed(event)
  if (event.event === 'forward' && !event.health && !event.background) return fromForward(event)
  return undefined
}

const fromServed = (event: ServedEvent): Seen => ({
  hop: event.hop,
  requestId: event.request,
  method: event.method,
  path: event.path,
  at_ms: event.t - event.ms,
  request_bytes: event.request_bytes,
  body: event.request_body,
  connection: event.peer,
  status: event.status,
  outcome: event.outcome,
  retry_after: event.retry_after,
  failure: undefined,
})

const fromForward = (event: ForwardEvent): Seen => ({
  hop: event.hop,
  requestId: event.request,
  method: event.method,
  path: event.path,
  at_ms: event.t - event.ms,
  request_bytes: 0,
  body: undefined,
  connection: event.peer,
  status: event.status,
  retry_after: undefined,
  outcome: event.cut ? 'cut' : event.client_left ? 'aborted' : 'answered',
  failure: event.failure,
})

const wanted = (seen: Seen, filter: AttemptFilter): boolean =>
  (['requestId', 'method', 'path'] as const).every((key) => filter[key] === undefined || filter[key] === seen[key])

function withGaps(seen: Seen[]): SeenAttempt[] {
  const ordered = seen.sort((a, b) => a.at_ms - b.at_ms)
  return ordered.map((one, index) => ({ ...one, gap_ms: index === 0 ? null : one.at_ms - ordered[index - 1]!.at_ms }))
}
