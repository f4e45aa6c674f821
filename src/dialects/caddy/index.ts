/** Caddy 2.6.2, as it comes: what it answers, passes on and logs. One entry of the table of dialects. */
import type { Failure } from '../../core/failure.js'
import type { Answer, Asked, Dialect } from '../dialect.js'
import { errorLog } from './error_log.js'
import { statusOf } from './error_text.js'
import { passedHead, SERVER } from './passed.js'
import { caddyReader } from './reader.js'
import { reasonOf } from './reasons.js'

export const caddy: Dialect = {
  summary: 'Caddy 2.6.2: its statuses without pages, its log in JSON, and Go’s reading of responses',
  tickMs: 1,
  tellsLast: true,
  via: false,
  endsBodies: true,
  reads: caddyReader,
  answer: (failure, to) => answer(statusOf(failure), to),
  refusal,
  errorLog,
  passed: passedHead,
}

/** Nothing but a head. */
function answer(status: number, to: Asked): Answer {
  const length = to.method === 'HEAD' ? [] : ['Content-Length', '0']
  const close = to.keepAlive ? [] : ['Connection', 'close']
  return {
    status,
    reason: reasonOf(status),
    fields: [...SERVER, 'Date', to.date, ...length, ...close],
    exact: true,
    body: '',
  }
}

/** Go's server says these by itself (net/http server.go), and Caddy knows nothing of it. */
function refusal(status: number, { details }: Failure, to: Asked): Answer | undefined {
  if (status === 408) return undefined
  if (status === 417)
    return {
      ...answer(417, { ...to, keepAlive: true }),
      fields: ['Connection', 'close', 'Date', to.date, 'Content-Length', '0'],
    }
  if (details.startsWith('transfer coding')) return plain(501, 'Unsupported transfer encoding')
  if (details === 'Host is missing') return plain(400, undefined, 'missing required Host header')
  if (details === 'Host is invalid') return plain(400, undefined, 'malformed Host header')
  if (details.startsWith('HTTP/')) return plain(505, undefined, 'unsupported protocol version')
  return plain(status)
}

function plain(status: number, body?: string, complaint?: string): Answer {
  const reason = complaint === undefined ? reasonOf(status) : `${reasonOf(status)}: ${complaint}`
  const fields = ['Content-Type', 'text/plain; charset=utf-8', 'Connection', 'close']
  return { status, reason, fields, exact: true, body: body ?? `${status} ${reason}` }
}
