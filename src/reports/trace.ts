/**
 * What happened hop by hop, for people: one example of every way in which a request went, with the count of those
 * that went alike. A pure fold over the journal.
 */
import type {
  AttemptEvent,
  ConnectionUse,
  ForwardEvent,
  JournalEvent,
  RequestEvent,
  ServedEvent,
  Try,
} from '../journal/events.js'
import { turnsIn } from '../journal/turns.js'
import { formatMs } from '../lib/units.js'
import { blameText, decisionText, receivedText, sentText, unsentTexts } from './trace_client.js'
import { describe, dnsText, isConnected, isSocket, tcpText } from './trace_connection.js'
import { decisionLines, exitLines, quarantineLines } from './trace_gateway.js'
import { healthLines } from './trace_health.js'
import {
  attemptsOf,
  BLUR_MS,
  forwardsOf,
  indexEvents,
  type Story,
  takeAny,
  takeFirst,
  takeOfStranger,
} from './trace_story.js'
import { tunnelText } from './trace_tunnel.js'
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

function attemptLines(story: Story, attempt: AttemptEvent): string[] {
  const { client } = attempt
  const lines = [row(client, 'attempt', sentText(attempt))]
  const forwards = forwardsOf(story, attempt)
  const asking = forwards.find(({ method }) => method === 'CONNECT')
  if (asking) lines.push(...askingLines(story, asking))
  if (forwards.length === 0) {
    const asked = story.hops.get(attempt.address) ?? ''
    const places = [asked, `${client}->${asked}`]
    lines.push(...connectionLines(story, client, attempt), ...farSide(story, attempt.request, attempt, places))
  }
  if (attempt.tunnelled) lines.push(row(client, 'tunnel', tunnelText(attempt.tunnelled, attempt)))
  if (asking && attempt.tls) lines.push(...tlsLines(story, client, attempt, asking.tries.at(-1)?.local))
  for (const forward of forwards) if (forward !== asking) lines.push(...forwardLines(story, forward))
  if (asking) lines.push(...carriedLines(story, asking))
  if (attempt.exit !== undefined && !attempt.tunnelled) lines.push(row(client, 'exit', attempt.exit))
  const failure = attempt.failure && describe(attempt.failure, attempt)
  lines.push(row(client, 'received', `${receivedText(attempt, failure)}  ${formatMs(attempt.ms)}`))
  const blame = blameText(attempt)
  if (blame !== undefined) lines.push(row(client, 'failed at', blame))
  lines.push(row(client, 'decision', decisionText(attempt)))
  return lines
}

/** Until the gateway has answered: what goes through the tunnel comes later. */
function askingLines(story: Story, forward: ForwardEvent): string[] {
  const { hop, method, path, tries, status } = forward
  const made = status === 200 ? tries.at(-1) : undefined
  const lines = [row(hop, 'request', `${method} ${path}`)]
  for (const one of tries) {
    lines.push(...triedLines(story, hop, one), ...(one === made ? [] : endLines(story, forward, one)))
  }
  return [...lines, ...(made ? [row(hop, 'answer', '200')] : answerLines(forward))]
}

/** What became of what the tunnel carried. */
function carriedLines(story: Story, forward: ForwardEvent): string[] {
  const { hop, tries, status, tunnel } = forward
  const last = tries.at(-1)
  if (status !== 200 || !last) return []
  const lines = farSide(story, forward.request, last, [last.server, `${hop}->${last.server}`])
  if (last.failure) lines.push(...endLines(story, forward, last))
  if (tunnel) lines.push(tunnelLine(hop, tunnel))
  return lines
}

const tunnelLine = (hop: string, { up_bytes, down_bytes }: NonNullable<ForwardEvent['tunnel']>): string =>
  row(hop, 'tunnel', `${up_bytes} bytes up, ${down_bytes} bytes down`)

function forwardLines(story: Story, forward: ForwardEvent): string[] {
  const { hop } = forward
  const product = story.products.get(hop)
  const lines = [
    row(hop, 'request', `${forward.method} ${forward.path}${product === undefined ? '' : `  (${product})`}`),
  ]
  for (const attempt of forward.tries) lines.push(...tryLines(story, forward, attempt))
  if (forward.tunnel) lines.push(tunnelLine(hop, forward.tunnel))
  return [...lines, ...answerLines(forward)]
}

function answerLines(forward: ForwardEvent): string[] {
  const { hop } = forward
  // nginx has 009 for a response that is none.
  const status = forward.status === undefined ? 'nothing' : String(forward.status).padStart(3, '0')
  const how = forward.cut ? ', cut' : forward.client_left ? ', the client had left' : ''
  const lines = [row(hop, 'answer', `${status}${how}  ${formatMs(forward.ms)}`)]
  if (forward.proxy_status) lines.push(row(hop, '', `Proxy-Status: ${forward.proxy_status}`))
  // A response that was cut had its head sent before anybody knew.
  if (forward.proxy_error && !forward.cut) lines.push(row(hop, '', `X-Proxy-Error: ${forward.proxy_error}`))
  return lines
}

function tryLines(story: Story, forward: ForwardEvent, one: Try): string[] {
  const { hop, request, t, ms } = forward
  const when = { from: t - ms - BLUR_MS, to: t + BLUR_MS }
  return [
    ...triedLines(story, hop, one),
    ...farSide(story, request, one, [one.server, `${hop}->${one.server}`], when),
    ...endLines(story, forward, one),
  ]
}

const triedLines = (story: Story, hop: string, one: Try): string[] => [
  row(hop, 'try', one.server),
  ...exitLines(hop, one, row),
  ...connectionLines(story, hop, one),
]

/** What came back, and what the hop made of it. */
function endLines(story: Story, { hop, request }: ForwardEvent, one: Try): string[] {
  const part = one.status === undefined ? 'nothing' : `${one.status}, ${one.response_bytes} bytes`
  // On a new connection it goes without saying, from the stage; on a used one it is the question.
  const written = one.failure && one.reused && one.request_written ? ', the request was written' : ''
  return [
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
  // In a tunnel it comes behind the answer.
  return use.tls && !use.tunnelled ? [...lines, ...tlsLines(story, who, use)] : lines
}

/** @param local the end of the connection that the far side sees */
function tlsLines(story: Story, who: string, use: ConnectionUse, local = use.local): string[] {
  if (use.reused) return []
  const lines: string[] = []
  const [hello] = story.hellos.get(local ?? '') ?? []
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
  // Who did not come to speak was not served.
  if (failure && UNSPOKEN.has(failure.stage)) return lines
  const served = takeFirst(story.served, request, mine) ?? takeFirst(story.served, local ?? '')
  if (served) {
    const { hop, method, path, status, outcome } = served
    lines.push(row(hop, 'served', `${method} ${path}: ${status ?? 'no status'}, ${outcome}${spentText(served)}`))
  }
  return lines
}

const UNSPOKEN: ReadonlySet<string> = new Set(['select', 'dns', 'connect', 'tls'])

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
