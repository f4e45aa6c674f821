/**
 * Envoy, as it comes: what it answers, passes on and logs, read off its source and documentation and the logs of running
 * ones. One entry of the table of dialects. Its Proxy-Status is off unless configured, so there is none.
 */
import type { Failure } from '../../core/failure.js'
import type { Answer, Asked, Dialect } from '../dialect.js'
import { accessLine } from './access_log.js'
import { passedHead, SERVER } from './head.js'
import { type LocalReply, localReply } from './local_reply.js'

export const envoy: Dialect = {
  summary: 'Envoy: its statuses, local replies and x-envoy headers, and its access log with response flags',
  tickMs: 1,
  tellsLast: true,
  via: false,
  answer: (failure, to, { retried }) => answered(localReply(failure, { retried: retried === true }), to),
  refusal: (status, failure, to) => answered(refusalOf(status, failure), { ...to, keepAlive: false }),
  /** It logs nothing of a request but its access. */
  errorLog: {},
  passed: passedHead,
  passesAtOnce: true,
  access: accessLine,
}

/** What it refuses has a reply of its own; where this proxy refuses what Envoy would not, the status stays. */
function refusalOf(status: number, failure: Failure): LocalReply {
  const reply = localReply(failure)
  const general = reply.details === 'http1.codec_error' && status !== 400
  return general ? { ...reply, status, body: REASONS[status] ?? '' } : reply
}

/** sendLocalReply: whatever is added to it first, then the body's, `date` and `server`. */
function answered({ status, body, overloaded }: LocalReply, { method, keepAlive, date }: Asked): Answer {
  const fields: string[] = []
  if (overloaded) fields.push('x-envoy-overloaded', 'true')
  if (body !== '') fields.push('content-length', String(body.length), 'content-type', 'text/plain')
  fields.push('date', date, 'server', SERVER)
  if (!keepAlive) fields.push('connection', 'close')
  if (body === '') fields.push('content-length', '0')
  return { status, reason: REASONS[status] ?? '', fields, body: method === 'HEAD' ? '' : body }
}

/** CodeUtility::toString, as far as they are said here. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}
