/** What the journal gets of one request at a proxy: how it ended, and the line of the access log where the dialect has one. */
import type { IncomingMessage } from 'node:http'
import type { AccessTry, Dialect } from '../../dialects/dialect.js'
import type { LogContext } from '../../dialects/log_line.js'
import type { ForwardEvent } from '../../journal/events.js'
import { httpDate } from '../clock.js'
import { formatAddress, type Site, type Target } from '../site.js'

export type Ended = Omit<ForwardEvent, 'event' | 't' | 'hop' | 'method' | 'path'>

/**
 * @param request undefined where nothing of it could be read
 * @param bodyBytes of the response, with the framing of chunks
 */
export function bookRequest(
  site: Site,
  hop: string,
  dialect: Dialect,
  request: IncomingMessage | undefined,
  ended: Ended,
  bodyBytes: number,
): void {
  if (!site.journaling) return
  const { method = '', url: path = '' } = request ?? {}
  const { peer, request: id, ...rest } = ended
  site.journal({ event: 'forward', t: site.now(), hop, peer, request: id, method, path, ...rest })
  const line = dialect.access?.({
    client: peer?.slice(0, peer.lastIndexOf(':')) ?? '-',
    request: request ? `${method} ${path} HTTP/${request.httpVersion}` : '',
    referer: request?.headers.referer,
    userAgent: request?.headers['user-agent'],
    status: ended.status,
    clientLeft: ended.client_left === true,
    bodyBytes,
    tries: triesOf(hop, ended),
    date: httpDate(),
  })
  if (line !== undefined) site.journal({ event: 'log', t: site.now(), hop, request: id, level: 'access', line })
}

/** Where no server was chosen, what was to be chosen from stands in its place. */
function triesOf(hop: string, { tries, failure }: Ended): readonly AccessTry[] {
  const unchosen = failure?.stage === 'select' && failure.manner === 'unavailable' && failure.status === undefined
  return unchosen ? [...tries, { address: hop, failure, ms: 0 }] : tries
}

/** What stands behind the message of a line of the error log. */
export function logContext(hop: string, request: IncomingMessage, target: Target | undefined): LogContext {
  const scheme = target?.servername === undefined ? 'http' : 'https'
  // nginx names the group while no server is chosen.
  const place = target ? `${formatAddress(target)}${target.path === undefined ? '' : ':'}` : hop
  return {
    client: request.socket.remoteAddress ?? '-',
    server: hop,
    request: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
    upstream: `${scheme}://${place}${request.url}`,
    host: request.headers.host,
    name: target?.name,
    serverName: target?.servername,
  }
}
