/**
 * Cloudflare, as its documentation has it: a status of its own for each way in which an origin fails (520 to 526, and 530
 * with a code for DNS), `server: cloudflare` and a ray on every response. The pages are in our words; a line of the log has
 * the documented fields of Logpush, in which the origin's status is 0 where nothing came. Two things are the proxy's own:
 * an origin's 502 and 504 pass as they came, without a page of the edge, and names are not kept from caches.
 */
import CRC32 from 'crc-32'
import type { Failure } from '../core/failure.js'
import { page, pageFields, timestamp } from './cloud_page.js'
import type { AccessEntry, Answer, Asked, Dialect } from './dialect.js'
import { reasonOf } from './rfc9209.js'

export const cloudflare: Dialect = {
  summary: 'Cloudflare: 520 to 526 and 530, its Server and CF-RAY headers, and the fields of its logs',
  tickMs: 1,
  tellsLast: true,
  via: false,
  answer: (failure, to) => answered(statusOf(failure), to),
  refusal: (status, _failure, to) => answered(status === 431 ? 400 : status, { ...to, keepAlive: false }),
  /** Of the origin it logs nothing but its status. */
  errorLog: {},
  marked: (fields, to) => [...withoutServer(fields), ...marks(to)],
  access: accessLine,
}

const marks = ({ hop, id }: Asked): string[] => ['Server', 'cloudflare', 'CF-RAY', `${rayOf(hop, id)}-ZZZ`]

/** Sixteen hexadecimal digits, the same for the same request; the data center behind them is none. */
const rayOf = (hop: string, id: string): string =>
  [`${hop}/${id}`, `${id}/${hop}`].map((text) => (CRC32.str(text) >>> 0).toString(16).padStart(8, '0')).join('')

const withoutServer = (fields: readonly string[]): string[] =>
  fields.filter((_, index) => fields[index - (index % 2)]!.toLowerCase() !== 'server')

function statusOf(failure: Failure): number {
  const { status, type, stage, manner } = failure
  if (status !== undefined) return status
  if (type === 'proxy_internal_error') return 500
  if (stage === 'dns') return 530
  if (stage === 'select') return type === 'destination_unavailable' ? 521 : 503
  if (type === 'connection_refused') return 521
  if (manner === 'unroutable') return 523
  if (type === 'tls_certificate_error') return 526
  if (stage === 'tls' || type === 'tls_alert_received' || type === 'tls_protocol_error') return 525
  if (manner === 'timeout') return stage === 'connect' ? 522 : 524
  return 520
}

function answered(status: number, to: Asked): Answer {
  const body = page(status, SAYS[status] ?? 'The edge does not take this request.')
  const about = ['Date', to.date, ...pageFields('text/html; charset=UTF-8', body)]
  const fields = [...about, 'Connection', to.keepAlive ? 'keep-alive' : 'close', ...marks(to)]
  return { status, reason: reasonOf(status), fields, body: to.method === 'HEAD' ? '' : body }
}

const SAYS: Readonly<Record<number, string>> = {
  500: 'The edge itself failed.',
  503: 'The edge has no room for this request.',
  520: 'error code: 520. The origin gave an empty, cut or invalid answer.',
  521: 'error code: 521. The origin refused the connection.',
  522: 'error code: 522. The origin did not take the connection in time.',
  523: 'error code: 523. There is no way to the origin.',
  524: 'error code: 524. The origin took the request and did not answer in time.',
  525: 'error code: 525. TLS with the origin failed.',
  526: 'error code: 526. The certificate of the origin is not valid.',
  530: 'error code: 1016. The origin has no address.',
}

/** 499: the client left. */
const CLIENT_CLOSED = 499

function accessLine(entry: AccessEntry): string {
  const { client, request, userAgent, tries, date, bodyBytes } = entry
  const last = tries.at(-1)
  const [method, uri, protocol] = request.split(' ')
  return JSON.stringify({
    ClientIP: client,
    ClientRequestMethod: method,
    ClientRequestURI: uri,
    ClientRequestProtocol: protocol,
    ClientRequestUserAgent: userAgent ?? '',
    EdgeEndTimestamp: timestamp(date),
    EdgeResponseBytes: bodyBytes,
    EdgeResponseStatus: entry.clientLeft ? CLIENT_CLOSED : (entry.status ?? 0),
    OriginIP: last?.failure?.stage === 'select' ? '' : (last?.address.replace(/:\d+$/, '') ?? ''),
    OriginResponseStatus: last?.status ?? 0,
  })
}
