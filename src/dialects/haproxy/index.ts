/** HAProxy 2.6.12, as it comes: what it answers, passes on and logs. One entry of the table of dialects. */
import type { Failure } from '../../core/failure.js'
import type { Dialect } from '../dialect.js'
import { httpLogLine } from './log_line.js'
import { page, unreadable } from './page.js'
import { passedHead } from './passed.js'
import { haproxyReader } from './reader.js'
import { terminationOf } from './termination.js'

/** Chunks within which there is another coding: that can be read, and not undone. */
const isCoded = ({ details, fields: [coding = ''] = [] }: Failure): boolean =>
  details.startsWith('transfer coding') && /^(?!.*chunked *,).*[^ ,].*, *chunked *$/i.test(coding)

export const haproxy: Dialect = {
  summary: 'HAProxy 2.6.12: its statuses, termination states and pages, and its reading of responses',
  tickMs: 1,
  tellsLast: true,
  via: false,
  anyHost: true,
  reads: Object.assign(haproxyReader, { passesInterims: true as const }),
  answer: (failure, to) => page(terminationOf(failure).status, to),
  // A client that has been here before may try again on its own.
  hangsUp: (failure, to) => to.again === true && terminationOf(failure).otherwise !== undefined,
  refusal: (status, failure) => unreadable(status === 408 ? 408 : isCoded(failure) ? 422 : 400),
  errorLog: {},
  passed: passedHead,
  passesAtOnce: true,
  access: httpLogLine,
}
