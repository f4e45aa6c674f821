/**
 * The events of a run by what they belong to, for the trace: whose attempt, whose connection, which request. trace.ts tells
 * the story from it, and takes out of it what it has told.
 */
import type {
  AttemptEvent,
  DecisionEvent,
  FaultEvent,
  ForwardEvent,
  HelloEvent,
  JournalEvent,
  RequestEvent,
  ServedEvent,
  WafEvent,
} from '../journal/events.js'

export interface Story {
  attempts: Map<string, AttemptEvent[]>
  /** By request id, the innermost proxy first. */
  forwards: Map<string, ForwardEvent[]>
  /** By the client's end of the connection. */
  forwardsOf: Map<string, ForwardEvent[]>
  /** By the far end of the connection. */
  hellos: Map<string, HelloEvent[]>
  /** By request id; those of a connection by the far end, those of an address by its hop. */
  faults: Map<string, FaultEvent[]>
  /** By request id; those of a connection by the far end. */
  wafs: Map<string, WafEvent[]>
  /** By request id. */
  decisions: Map<string, DecisionEvent[]>
  served: Map<string, ServedEvent[]>
  requests: RequestEvent[]
  /** By address. */
  hops: Map<string, string>
  /** By hop: who stands in for it. */
  products: Map<string, string>
}

export function indexEvents(events: readonly JournalEvent[]): Story {
  const story: Story = {
    attempts: new Map(),
    forwards: new Map(),
    forwardsOf: new Map(),
    hellos: new Map(),
    faults: new Map(),
    decisions: new Map(),
    wafs: new Map(),
    served: new Map(),
    requests: [],
    hops: new Map(),
    products: new Map(),
  }
  for (const event of events) {
    if (event.event === 'hop') {
      story.hops.set(event.address, event.hop)
      if (event.product !== undefined) story.products.set(event.hop, event.product)
    } else if (event.event === 'attempt') append(story.attempts, event.request, event)
    else if (event.event === 'forward') {
      append(story.forwards, event.request, event)
      if (event.peer !== undefined) append(story.forwardsOf, event.peer, event)
    } else if (event.event === 'hello') append(story.hellos, event.peer, event)
    else if (event.event === 'decision') append(story.decisions, event.request, event)
    else if (event.event === 'request') story.requests.push(event)
    else if (event.event === 'fault') append(story.faults, event.request || event.peer || event.hop, event)
    else if (event.event === 'waf') append(story.wafs, event.request ?? event.peer, event)
    else if (event.event === 'served') append(story.served, event.request || event.peer, event)
  }
  for (const forwards of story.forwards.values()) innermostFirst(forwards)
  return story
}

/** They are told in the order in which they ended, but for a real proxy's: its log is read when there is time. */
function innermostFirst(forwards: ForwardEvent[]): void {
  for (let outer = 0; outer < forwards.length; outer++) {
    const inner = forwards.findIndex((other, at) => at > outer && isWithin(other, forwards[outer]!))
    if (inner > outer) forwards.splice(outer--, 0, ...forwards.splice(inner, 1))
  }
}

/** A log tells times to a millisecond, and as they were when it began what it was at. */
export const BLUR_MS = 3

const isWithin = (inner: ForwardEvent, outer: ForwardEvent): boolean =>
  outer.tries.some(({ server }) => server === inner.hop) &&
  inner.t <= outer.t + BLUR_MS &&
  inner.t - inner.ms >= outer.t - outer.ms - BLUR_MS

function append<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** As they were sent; the journal has them as they ended. */
export const attemptsOf = ({ attempts }: Story, { request }: { request: string }): AttemptEvent[] =>
  (attempts.get(request) ?? []).toSorted((a, b) => a.attempt - b.attempt)

/** A request that is sent again passes every proxy again: what one attempt of it was at those. */
export function forwardsOf(story: Story, attempt: AttemptEvent): ForwardEvent[] {
  // Raw bytes hold no id that the proxy could have read: then the connection tells.
  const forwards = story.forwards.get(attempt.request) ?? story.forwardsOf.get(attempt.local ?? '') ?? []
  const attempts = attemptsOf(story, attempt)
  const besides = attempts.some(({ hedge, fallback }) => hedge || fallback)
  if (!besides || forwards.every(({ peer }) => peer === undefined)) {
    // One round of forwards for each attempt.
    const perAttempt = forwards.length / Math.max(1, attempts.length)
    const first = Math.round(attempts.indexOf(attempt) * perAttempt)
    return forwards.slice(first, Math.round(first + perAttempt))
  }
  const began = ({ t, ms }: ForwardEvent): boolean =>
    t - ms >= attempt.t - attempt.ms - BLUR_MS && t - ms <= attempt.t + BLUR_MS
  const front = forwards.filter((forward) => forward.peer === attempt.local && began(forward))
  return forwards.filter((inner) => front.some((outer) => inner === outer || isWithin(inner, outer)))
}

/** The first that fits, taken out of its list: nothing is told twice. */
export function takeFirst<Event>(map: Map<string, Event[]>, key: string, fits: (event: Event) => boolean = () => true) {
  const list = map.get(key) ?? []
  const at = list.findIndex(fits)
  return at < 0 ? undefined : list.splice(at, 1)[0]
}

export function takeAny<Event>(map: Map<string, Event[]>, keys: readonly string[], fits: (event: Event) => boolean) {
  for (const key of keys) {
    const found = takeFirst(map, key, fits)
    if (found) return found
  }
  return undefined
}

/** The fault of a connection whose far end is nobody's of ours, at that time. */
export function takeOfStranger(story: Story, places: string[], { from, to }: { from: number; to: number }) {
  const fits = ({ hop, peer, request, t }: FaultEvent): boolean =>
    places.includes(hop) && peer !== undefined && request === undefined && from <= t && t <= to
  for (const key of story.faults.keys()) {
    const found = takeFirst(story.faults, key, fits)
    if (found) return found
  }
  return undefined
}
