/**
 * What happened hop by hop, for people: one example of every way in which a request went, with the count of those
 * that went alike. A pure fold over the journal.
 */
import type {
  AttemptEvent,
  ConnectionUse,
  DecisionEvent,
  FaultEvent,
  ForwardEvent,
  HelloEvent,
  JournalEvent,
  RequestEvent,
  ServedEvent,
  Try,
  WafEvent,
} from '../journal/events.js'
import { turnsIn } from '../journal/turns.js'
import { formatMs } from '../lib/units.js'
import { decisionText, receivedText, sentText, unsentTexts } from './trace_client.js'
import { describe, dnsText, isConnected, isSocket, tcpText } from './trace_connection.js'
import { decisionLines, exitLines, quarantineLines } from './trace_gateway.js'
import { healthLines } from './trace_health.js'
import { tunnelTexts } from './trace_tunnel.js'
import { wafText } from './trace_waf.js'

/** The trace as lines without colours. */
export function traceLines(events: readonly JournalEvent[]): string[] {
  const turns = turnsIn(events)
  if (turns.length < 2) return storyLines(events)
  return turns.flatMap(({ client, events }) => [`the turn of ${client}`, ...storyLines(events)])
}

function storyLines(events: readonly JournalEvent[]): string[] {
  const story = indexEvents(events)
  const lines: string[] = []
  for (const { example, count } of groupAlike(story)) {
    const alike = count > 1 ? `  (${count} requests went this way)` : ''
    lines.push(`request ${example.request}${alike}`)
    for (const attempt of attemptsOf(story, example)) lines.push(...attemptLines(story, attempt))
    for (const [what, text] of unsentTexts(example)) lines.push(row(example.client, what, text))
  }
  return [...lines, ...healthLines(events, row), ...quarantineLines(events, row)]
}

interface Story {
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

function indexEvents(events: readonly JournalEvent[]): Story {
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
const BLUR_MS = 3

const isWithin = (inner: ForwardEvent, outer: ForwardEvent): boolean =>
  outer.tries.some(({ server }) => server === inner.hop) &&
  inner.t <= outer.t + BLUR_MS &&
  inner.t - inner.ms >= outer.t - outer.ms - BLUR_MS

function append<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** Requests whose attempts and tries ended alike tell the same story. */
function groupAlike(story: Story): { example: RequestEvent; count: number }[] {
  const groups = new Map<string, { example: RequestEvent; count: number }>()
  for (const request of story.requests) {
    const attempts = attemptsOf(story, request).map((a) => [
      a.status,
      a.failure?.type,
      a.truncated,
      a.proxy_error,
      a.hedge,
      a.fallback,
      a.cancelled,
    ])
    const tries = (story.forwards.get(request.request) ?? []).flatMap((f) =>
      f.tries.map((t) => [t.server, t.status, t.failure?.details]),
    )
    const shape = JSON.stringify([attempts, tries, request.refused, request.unhealthy])
    const group = groups.get(shape)
    if (group) group.count++
    else groups.set(shape, { example: request, count: 1 })
  }
  // Clients run side by side: which of them ended first says nothing.
  return [...groups.values()].sort((a, b) =>
    a.example.client < b.example.client ? -1 : +(a.example.client > b.example.client),
  )
}

/** As they were sent; the journal has them as they ended. */
const attemptsOf = ({ attempts }: Story, { request }: { request: string }): AttemptEvent[] =>
  (attempts.get(request) ?? []).toSorted((a, b) => a.attempt - b.attempt)

function attemptLines(story: Story, attempt: AttemptEvent): string[] {
  const { client } = attempt
  const lines = [row(client, 'attempt', sentText(attempt))]
  const forwards = forwardsOf(story, attempt)
  for (const forward of forwards) lines.push(...forwardLines(story, forward))
  if (forwards.length === 0) {
    const asked = story.hops.get(attempt.address) ?? ''
    const places = [asked, `${client}->${asked}`]
    lines.push(...connectionLines(story, client, attempt), ...farSide(story, attempt.request, attempt, places))
  }
  for (const [what, text] of tunnelTexts(attempt)) lines.push(row(client, what, text))
  const failure = attempt.failure && describe(attempt.failure, attempt)
  lines.push(row(client, 'received', `${receivedText(attempt, failure)}  ${formatMs(attempt.ms)}`))
  lines.push(row(client, 'decision', decisionText(attempt)))
  return lines
}

/** A request that is sent again passes every proxy again: what one attempt of it was at those. */
function forwardsOf(story: Story, attempt: AttemptEvent): ForwardEvent[] {
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

function forwardLines(story: Story, forward: ForwardEvent): string[] {
  const { hop } = forward
  const product = story.products.get(hop)
  const lines = [
    row(hop, 'request', `${forward.method} ${forward.path}${product === undefined ? '' : `  (${product})`}`),
  ]
  for (const attempt of forward.tries) lines.push(...tryLines(story, forward, attempt))
  const { tunnel } = forward
  if (tunnel) lines.push(row(hop, 'tunnel', `${tunnel.up_bytes} bytes up, ${tunnel.down_bytes} bytes down`))
  // nginx has 009 for a response that is none.
  const status = forward.status === undefined ? 'nothing' : String(forward.status).padStart(3, '0')
  const how = forward.cut ? ', cut' : forward.client_left ? ', the client had left' : ''
  lines.push(row(hop, 'answer', `${status}${how}  ${formatMs(forward.ms)}`))
  if (forward.proxy_status) lines.push(row(hop, '', `Proxy-Status: ${forward.proxy_status}`))
  // A response that was cut had its head sent before anybody knew.
  if (forward.proxy_error && !forward.cut) lines.push(row(hop, '', `X-Proxy-Error: ${forward.proxy_error}`))
  return lines
}

function tryLines(story: Story, { hop, request, t, ms }: ForwardEvent, one: Try): string[] {
  const part = one.status === undefined ? 'nothing' : `${one.status}, ${one.response_bytes} bytes`
  // On a new connection it goes without saying, from the stage; on a used one it is the question.
  const written = one.failure && one.reused && one.request_written ? ', the request was written' : ''
  return [
    row(hop, 'try', one.server),
    ...exitLines(hop, one, row),
    ...connectionLines(story, hop, one),
    ...farSide(story, request, one, [one.server, `${hop}->${one.server}`], { from: t - ms - BLUR_MS, to: t + BLUR_MS }),
    row(
      hop,
      'recv',
      `${one.failure ? `${part}, then ${describe(one.failure, one)}${written}` : part}  ${formatMs(one.ms)}`,
    ),
    ...decisionLines(
      takeFirst(story.decisions, request, (made) => made.hop === hop && made.exit === one.exit),
      row,
    ),
  ]
}

function connectionLines(story: Story, who: string, use: ConnectionUse): string[] {
  if (isSocket(use)) return [row(who, 'unix', `${use.address.slice('unix:'.length)}, ${tcpText(use)}`)]
  const lines = [row(who, 'dns', dnsText(use)), row(who, 'tcp', tcpText(use))]
  if (!use.tls || use.reused) return lines
  const [hello] = story.hellos.get(use.local ?? '') ?? []
  if (hello) lines.push(row(who, 'tls', `ClientHello sent (JA3 ${hello.ja3}, JA4 ${hello.ja4})`))
  if (use.tls_ms !== undefined) lines.push(row(who, 'tls', `handshake done in ${formatMs(use.tls_ms)}`))
  return lines
}

/**
 * What the far side of a try tells of it, once: by its connection, or, where a firewall stood between, by the request
 * and in the order in which its tries came through. Where no connection was made, the state of one of those places.
 * @param when it was at most, for a proxy that does not tell its end of the connection
 */
function farSide(
  story: Story,
  request: string,
  one: Pick<Try, 'local' | 'failure' | 'lookup'>,
  places: string[],
  when?: { from: number; to: number },
): string[] {
  const { local, failure, lookup } = one
  const tries = (story.forwards.get(request) ?? []).flatMap((forward) => forward.tries)
  const ends = new Set(tries.map((each) => each.local))
  const mine = ({ peer }: { peer?: string | undefined }) => peer === local || !ends.has(peer)
  const lines: string[] = []
  const fault =
    takeFirst(story.faults, request, mine) ??
    (local === undefined ? undefined : takeFirst(story.faults, local)) ??
    takeAny(story.faults, places, ({ at }) => at === 'resolve' && lookup?.ms !== undefined) ??
    (when && local === undefined && isConnected(one) ? takeOfStranger(story, places, when) : undefined) ??
    (failure?.stage === 'connect' ? takeAny(story.faults, places, ({ at }) => at === 'connect') : undefined)
  if (fault) lines.push(row(fault.hop, 'fault', `${fault.fault}: ${fault.effect} at ${fault.at}`))
  const decided = takeFirst(story.wafs, request, mine) ?? takeFirst(story.wafs, local ?? '')
  if (decided) lines.push(row(decided.hop, 'waf', wafText(decided)))
  const served = takeFirst(story.served, request, mine) ?? takeFirst(story.served, local ?? '')
  if (served) {
    const { hop, method, path, status, outcome } = served
    lines.push(row(hop, 'served', `${method} ${path}: ${status ?? 'no status'}, ${outcome}${spentText(served)}`))
  }
  return lines
}

/** The first that fits, taken out of its list: nothing is told twice. */
function takeFirst<Event>(map: Map<string, Event[]>, key: string, fits: (event: Event) => boolean = () => true) {
  const list = map.get(key) ?? []
  const at = list.findIndex(fits)
  return at < 0 ? undefined : list.splice(at, 1)[0]
}

function takeAny<Event>(map: Map<string, Event[]>, keys: readonly string[], fits: (event: Event) => boolean) {
  for (const key of keys) {
    const found = takeFirst(map, key, fits)
    if (found) return found
  }
  return undefined
}

/** The fault of a connection whose far end is nobody's of ours, at that time. */
function takeOfStranger(story: Story, places: string[], { from, to }: { from: number; to: number }) {
  const fits = ({ hop, peer, request, t }: FaultEvent): boolean =>
    places.includes(hop) && peer !== undefined && request === undefined && from <= t && t <= to
  for (const key of story.faults.keys()) {
    const found = takeFirst(story.faults, key, fits)
    if (found) return found
  }
  return undefined
}

/** Where the time went, where a worker was needed. */
function spentText({ queued_ms, locked_ms, worked_ms }: ServedEvent): string {
  if (worked_ms === undefined) return ''
  const waited = [
    queued_ms && `${formatMs(queued_ms)} in the queue`,
    locked_ms && `${formatMs(locked_ms)} for the lock`,
    `${formatMs(worked_ms)} of work`,
  ]
  return ` after ${waited.filter(Boolean).join(', ')}`
}

const row = (hop: string, what: string, text: string): string => `${hop.padEnd(10)} ${what.padEnd(9)} ${text}`.trimEnd()
