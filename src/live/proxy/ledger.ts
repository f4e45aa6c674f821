/** What the journal gets of one request at a proxy: how it ended, and the line of the access log where the dialect has one. */
import type { IncomingMessage } from 'node:http'
import type { AccessEntry, AccessTry, Dialect } from '../../dialects/dialect.js'
import type { LogContext } from '../../dialects/log_line.js'
import type { ForwardEvent } from '../../journal/events.js'
import { httpDate, isoTime } from '../clock.js'
import { formatAddress, type Site, type Target } from '../site.js'
import { earlierOf } from './earlier.js'
import { targetGiven } from './headers.js'
import { bytesTaken } from './request_body.js'

export type Ended = Omit<ForwardEvent, 'event' | 't' | 'hop' | 'method' | 'path'>

/** What only the access log wants to know of the response, and of its connection. */
export interface Sent {
  /** With the framing of chunks. */
  bodyBytes: number
  /** Without. */
  payloadBytes: number
  /** Until the head of what is passed on in the dialect's words came. */
  headMs?: number | undefined
  /** It would have been tried again, and might not. */
  denied?: AccessEntry['denied']
  /** What that counts, in the product's log. */
  headCounted?: number | undefined
  chunked?: boolean | undefined
  /** To its end. */
  whole?: boolean | undefined
  /** It was not passed on. */
  refused?: boolean | undefined
  /** The client was hung up on. */
  stalled?: boolean | undefined
}

export const noBytes: Sent = { bodyBytes: 0, payloadBytes: 0 }

/** @param request undefined where nothing of it could be read */
export function bookRequest(
  site: Site,
  hop: string,
  dialect: Dialect,
  request: IncomingMessage | undefined,
  ended: Ended,
  sent: Sent,
): void {
  if (!site.journaling) return
  const { method = '', url: path = '' } = request ?? {}
  const { peer, request: id, ...rest } = ended
  site.journal({ event: 'forward', t: site.now(), hop, peer, request: id, method, path, ...rest })
  const line = dialect.access?.({
    hop,
    peer,
    client: peer?.slice(0, peer.lastIndexOf(':')) ?? '-',
    request: request ? `${method} ${targetGiven(request)} HTTP/${request.httpVersion}` : '',
    referer: request?.headers.referer,
    userAgent: request?.headers['user-agent'],
    status: ended.status,
    clientLeft: ended.client_left === true,
    ...sent,
    tries: triesOf(hop, ended),
    date: httpDate(),
    id,
    host: request?.headers.host,
    forwardedFor: request?.headers['x-forwarded-for']?.toString(),
    startedAt: isoTime(ended.ms),
    ms: ended.ms,
    receivedBytes: request && bytesTaken(request),
    failure: ended.failure,
    cut: ended.cut,
  })
  if (line !== undefined) site.journal({ event: 'log', t: site.now(), hop, request: id, level: 'access', line })
}

/** Where no server was chosen, what was to be chosen from stands in its place. */
function triesOf(hop: string, { tries, failure }: Ended): readonly AccessTry[] {
  const unchosen = failure?.stage === 'select' && failure.manner === 'unavailable' && failure.status === undefined
  const asked = tries.map((one) => ({
    ...one,
    queuedMs: one.queued_ms,
    connectMs: one.connect_ms === undefined ? undefined : one.connect_ms + (one.tls_ms ?? 0),
  }))
  return unchosen ? [...asked, { address: hop, failure, ms: 0 }] : asked
}

/** What stands behind the message of a line of the error log. */
export function logContext(hop: string, request: IncomingMessage, target: Target | undefined): LogContext {
  const scheme = target?.servername === undefined ? 'http' : 'https'
  // nginx names the group while no server is chosen.
  const place = target ? `${formatAddress(target)}${target.path === undefined ? '' : ':'}` : hop
  return {
    client: request.socket.remoteAddress ?? '-',
    clientPort: request.socket.remotePort,
    earlier: earlierOf(request),
    server: hop,
    request: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
    upstream: `${scheme}://${place}${request.url}`,
    host: request.headers.host,
    name: target?.name,
    serverName: target?.servername,
  }
}
