/**
 * AWS Application Load Balancers, as their user guide has them (troubleshooting, access logs; 2023-06): statuses, the Server
 * header, and entries of the access log in the order of their fields. The pages are in our words. Certificates of targets,
 * which it takes as they are, are the proxy's own to check or not.
 */
import type { Failure } from '../core/failure.js'
import { page, pageFields, timestamp } from './cloud_page.js'
import type { AccessEntry, Answer, Asked, Dialect } from './dialect.js'
import { reasonOf } from './rfc9209.js'

export const alb: Dialect = {
  summary: 'AWS Application Load Balancer: its statuses (460 and 561 too), Server header and access log',
  tickMs: 1,
  tellsLast: true,
  via: false,
  answer: (failure, to) => answered(statusOf(failure), to),
  refusal: (status, failure, to) => answered(refusalOf(status, failure), { ...to, keepAlive: false }),
  /** It logs nothing of a request but its access. */
  errorLog: {},
  access: accessLine,
}

/** 504 for time that was over, but in the TLS handshake, which is a 502; 503 where there is no target. */
function statusOf({ status, type, stage, manner }: Failure): number {
  if (status !== undefined) return status
  if (type === 'proxy_internal_error') return 500
  if (stage === 'select' || stage === 'dns') return 503
  return manner === 'timeout' && stage !== 'tls' ? 504 : 502
}

/** Oversized headers are a 400 as well. */
function refusalOf(status: number, { details }: Failure): number {
  if (details.startsWith('transfer coding')) return 501
  if (details.startsWith('HTTP/')) return 505
  return status === 431 ? 400 : status
}

function answered(status: number, { method, keepAlive, date }: Asked): Answer {
  const body = page(status, SAYS[status] ?? 'The load balancer does not take this request.')
  const about = ['Server', 'awselb/2.0', 'Date', date, ...pageFields('text/html', body)]
  const fields = [...about, 'Connection', keepAlive ? 'keep-alive' : 'close']
  return { status, reason: reasonOf(status), fields, body: method === 'HEAD' ? '' : body }
}

const SAYS: Readonly<Record<number, string>> = {
  500: 'The load balancer itself failed.',
  502: 'The target gave no valid answer.',
  503: 'There is no target to ask.',
  504: 'The target did not answer in time.',
}

/** 460: the client left before the idle timeout. */
const CLIENT_CLOSED = 460

/** What cannot be known here (ciphers, traces, rules) is `-`. */
function accessLine(entry: AccessEntry): string {
  const { client, request, userAgent, tries, date, bodyBytes } = entry
  const last = tries.at(-1)
  const chosen = last?.failure?.stage !== 'select' ? last?.address : undefined
  const status = entry.clientLeft ? CLIENT_CLOSED : (entry.status ?? 0)
  const target = last?.status ?? '-'
  const time = timestamp(date)
  const [method = '-', path = '-', version = '-'] = request.split(' ')
  const seconds = timesOf(entry).map((each) => (each < 0 ? '-1' : each.toFixed(3)))
  const asked = `"${method} http://${chosen ?? '-'}${path} ${version}" "${userAgent ?? '-'}" - -`
  const rule = `- "-" "-" "-" 0 ${time} "forward" "-" "-"`
  const lists = `"${chosen ?? '-'}" "${target}" "-" "-"`
  const counts = `${status} ${target} 0 ${bodyBytes}`
  return `http ${time} app/lb/0 ${client}:0 ${chosen ?? '-'} ${seconds.join(' ')} ${counts} ${asked} ${rule} ${lists}`
}

/** Until it was with a target, until the target answered, and behind that; -1 for all that never came to be. */
function timesOf({ tries, status }: AccessEntry): [request: number, target: number, response: number] {
  const last = tries.at(-1)
  if (last?.status !== undefined) return [0, last.ms / 1000, 0]
  const stage = last?.failure?.stage
  const sent = status !== undefined && (stage === 'response_head' || stage === 'request')
  return sent ? [0, -1, -1] : [-1, -1, -1]
}
