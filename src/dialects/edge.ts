/**
 * The edge of a content delivery network, as none in particular: pages of its own, a `Server` header on everything that
 * passes, and marks by which its own answers are told from those that it passes on. A mini proxy asks it; what it knows
 * of a failure is the failure. Of Proxy-Status and X-Proxy-Error it says nothing itself, and passes on what others said.
 */
import type { Failure } from '../core/failure.js'
import type { Answer, Asked, Dialect } from './dialect.js'
import { type ProxyErrorWord, proxyErrorWord } from './proxy_error.js'
import { reasonOf, statusOf } from './rfc9209.js'

/** X-Edge-Error: what the edge makes of it, coarser than X-Proxy-Error. The list is closed and documented from here. */
export const edgeErrorWords = {
  origin_unresolved: 'the origin has no address',
  origin_unreachable: 'no connection to the origin: refused, without a route, or not made in time',
  origin_certificate: 'the certificate of the origin was not accepted (strict TLS)',
  origin_tls: 'TLS with the origin failed',
  origin_closed: 'the origin closed or reset the connection before it answered',
  origin_timeout: 'the origin did not answer in time',
  origin_response: 'what the origin answered is no valid or complete response',
  origin_unavailable: 'no origin may be asked now',
  request_refused: 'the edge does not take the request',
  edge_error: 'the edge itself failed',
} as const

export type EdgeErrorWord = keyof typeof edgeErrorWords

export const edge: Dialect = edgeNamed('edge')

/** @param server what its Server header says */
function edgeNamed(server: string): Dialect {
  return {
    summary:
      'the edge of a content delivery network: own pages, Server, X-Edge-Id and X-Edge-Error; the statuses of RFC 9209',
    tickMs: 1,
    tellsLast: true,
    via: true,
    answer: (failure, to) => page(server, statusOf(failure), failure, to),
    refusal(status, failure, to) {
      const answer = page(server, status, failure, to)
      return { ...answer, fields: [...answer.fields, 'Connection', 'close'] }
    },
    received: (existing) => existing,
    marked: (fields, to) => [...withoutServer(fields), ...marks(server, to)],
    named: edgeNamed,
  }
}

/** On every response, behind those of edges nearer to the origin: which edge, and which request. */
const marks = (server: string, { hop, id }: Asked): string[] => ['Server', server, 'X-Edge-Id', `${hop}/${id}`]

function page(server: string, status: number, failure: Failure, to: Asked): Answer {
  const reason = reasonOf(status)
  const word = edgeErrorWord(failure)
  const title = `${status} ${reason}`
  const body = `<!doctype html>
<html lang="en">
<head><title>${title}</title></head>
<body>
<h1>${title}</h1>
<p>${SAYS[status] ?? (status < 500 ? 'The edge does not take this request.' : 'The edge itself failed.')}</p>
<p>${word}</p>
</body>
</html>
`
  const about = ['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(body.length)]
  return { status, reason, fields: [...about, ...marks(server, to), 'X-Edge-Error', word], body }
}

const SAYS: Readonly<Record<number, string>> = {
  502: 'The edge is well. The origin behind it could not be reached, or gave no valid answer.',
  503: 'The edge is well. No origin behind it may be asked now.',
  504: 'The edge is well. The origin behind it did not answer in time.',
}

function withoutServer(fields: readonly string[]): string[] {
  return fields.filter((_, index) => fields[index - (index % 2)]!.toLowerCase() !== 'server')
}

/** What only other kinds of gateways say, such as of their exits, is nothing that an edge meets. */
export const edgeErrorWord = (failure: Failure): EdgeErrorWord => WORDS[proxyErrorWord(failure)] ?? 'edge_error'

const WORDS: Readonly<Partial<Record<ProxyErrorWord, EdgeErrorWord>>> = {
  upstream_unresolved: 'origin_unresolved',
  upstream_unavailable: 'origin_unavailable',
  upstream_refused: 'origin_unreachable',
  upstream_unroutable: 'origin_unreachable',
  upstream_connect_timeout: 'origin_unreachable',
  upstream_reset: 'origin_closed',
  upstream_closed: 'origin_closed',
  upstream_tls_error: 'origin_tls',
  upstream_tls_alert: 'origin_tls',
  upstream_certificate_error: 'origin_certificate',
  upstream_send_timeout: 'origin_timeout',
  upstream_timeout: 'origin_timeout',
  upstream_incomplete_response: 'origin_response',
  upstream_invalid_response: 'origin_response',
  upstream_response_too_large: 'origin_response',
  client_request_refused: 'request_refused',
  proxy_configuration_error: 'edge_error',
  proxy_internal_error: 'edge_error',
}
