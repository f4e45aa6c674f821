/** nginx 1.22.1, as it comes: what it answers, passes on and logs. One entry of the table of dialects. */
import type { Failure } from '../../core/failure.js'
import type { Answer, Asked, Dialect } from '../dialect.js'
import { accessLine } from './access_log.js'
import { refusedLine } from './error_log.js'
import { page } from './page.js'
import { passedHead } from './passed.js'
import { nginxReader } from './reader.js'
import { statusOf } from './status.js'

export const nginx: Dialect = {
  summary: 'nginx 1.22.1: its statuses, pages, logs and whole seconds, and its reading of responses',
  tickMs: 1000,
  tellsLast: false,
  via: false,
  // client_body_buffer_size, two pages of memory. What comes with the head, less than a kilobyte, it takes besides.
  takesBodies: 8_192,
  reads: nginxReader,
  answer: (failure, to) => page(statusOf(failure), to),
  refusal,
  refusedLine,
  passed: passedHead,
  access: accessLine,
}

/** A head that took too long is not answered; a client that sent too much gets a 400 with a page of its own. */
function refusal(status: number, { details }: Failure, to: Asked): Answer | undefined {
  const closing = { ...to, keepAlive: false }
  if (status === 408) return undefined
  if (status === 431) return page(400, closing, 'Request Header Or Cookie Too Large')
  if (details.startsWith('transfer coding')) return page(501, closing)
  if (details.endsWith('is not spoken here')) return page(details.startsWith('HTTP/') ? 505 : 400, closing)
  return page(status, closing)
}
