/** Apache 2.4.71, as it comes with Debian: what it answers, passes on and logs. One entry of the table of dialects. */
import type { Failure } from '../../core/failure.js'
import type { Answer, Asked, Dialect } from '../dialect.js'
import { accessLine } from './access_log.js'
import { apacheErrorLog, refusedLine } from './error_log.js'
import { courseOf, isSilent, statusBehind } from './fault.js'
import { page } from './page.js'
import { passedHead } from './passed.js'
import { apacheReader } from './reader.js'

export const apache: Dialect = {
  summary: 'Apache 2.4.71: its statuses, pages, log and silence, and its reading of responses',
  tickMs: 1,
  tellsLast: true,
  via: false,
  // MAX_MEM_SPOOL, but for what is too small a piece to be read (proxy_util.c, ap_proxy_prefetch_input).
  readsAhead: 16_304,
  reads: apacheReader,
  // One limit for writing and reading, in whole seconds.
  limits(told) {
    const read = Math.max(1, Math.ceil(told.read / 1000)) * 1000
    return { ...told, read, send: read }
  },
  answer,
  hangsUp: (failure, { earlier = 0 }) => isSilent(failure, earlier),
  refusal,
  refusedLine,
  errorLog: apacheErrorLog,
  passed: passedHead,
  passesAtOnce: true,
  access: accessLine,
}

const READING = { reason: 'Error reading from remote server' }

function answer(failure: Failure, to: Asked): Answer {
  if (failure.status !== undefined) return page(failure.status, to)
  const course = courseOf(failure)
  switch (course.at) {
    case 'select':
    case 'connect':
      return page(503, to)
    case 'dns':
      return page(500, to, { reason: `DNS lookup failure for: ${to.host ?? to.hop}` })
    case 'handshake':
      return page(500, to, { reason: 'Error during SSL Handshake with remote server' })
    case 'sending':
      return page(504, to)
    case 'status line':
      return page(502, to, READING)
    case 'refused status':
      return page(502, to, { reason: course.reason })
    case 'headers':
      return page(502, to)
    case 'own check':
      return page(500, to, { late: 'closing', before: statusBehind(failure) })
    case 'body':
      return page(502, to, { late: 'chunked', before: statusBehind(failure) })
    case 'inside':
      return page(500, to)
  }
}

/** @returns its answer to a request that makes no sense; to most Apache says no more than that */
function refusal(status: number, { details, fields: [value = ''] = [] }: Failure, to: Asked): Answer | undefined {
  const closing = { ...to, keepAlive: false }
  if (status === 431) return page(400, closing, { notes: 'Size of a request header field exceeds server limit.' })
  // One that ends with chunked is read, and then it is none that Apache could send on.
  if (details.startsWith('transfer coding') && /,\s*chunked\s*$/i.test(value)) return page(500, closing)
  return page(status, closing)
}
