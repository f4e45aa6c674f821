/** What a policy tries again: methods, statuses, errors. */
import { test } from 'tap'
import type { Outcome } from '../../src/core/client/outcome.js'
import { retryable, whenSchema } from '../../src/core/client/scope.js'

const GET = { method: 'GET' }
const POST = { method: 'POST' }
const failed = (type: 'connection_refused' | 'connection_read_timeout'): Outcome => ({
  failure: { type, stage: 'connect', manner: 'timeout', details: type },
})
const refused = failed('connection_refused')
const silent = failed('connection_read_timeout')

const rows: [
  what: string,
  when: object,
  request: { method: string; keyed?: boolean },
  outcome: Outcome,
  again: boolean,
][] = [
  ['a gateway error', {}, GET, { status: 502 }, true],
  ['too many requests', {}, GET, { status: 429 }, true],
  ['an error of the application', {}, GET, { status: 500 }, false],
  ['a failure', {}, GET, refused, true],
  ['nothing that could be told', {}, GET, {}, false],
  ['a method that may have had its effect', {}, POST, { status: 502 }, false],
  ['that method after a failure', {}, POST, refused, false],
  ['that method with a key', {}, { ...POST, keyed: true }, refused, true],
  ['a key makes no status retryable', {}, { ...POST, keyed: true }, { status: 500 }, false],
  ['all methods', { methods: ['all'] }, POST, { status: 502 }, true],
  ['only these methods', { methods: ['POST'] }, GET, { status: 502 }, false],
  ['methods are case-sensitive', {}, { method: 'get' }, { status: 502 }, false],
  ['another status', { statuses: [408, 500] }, GET, { status: 408 }, true],
  ['statuses replace the default', { statuses: [408, 500] }, GET, { status: 502 }, false],
  ['a class', { statuses: ['5xx'] }, GET, { status: 501 }, true],
  ['another class', { statuses: ['5xx', 429] }, GET, { status: 404 }, false],
  ['a status beside a class', { statuses: ['5xx', 429] }, GET, { status: 429 }, true],
  ['no status at all', { statuses: [] }, GET, { status: 502 }, false],
  ['no status, but failures', { statuses: [] }, GET, refused, true],
  ['only this error', { errors: ['connection_refused'] }, GET, refused, true],
  ['another error, as undici does with timeouts', { errors: ['connection_refused'] }, GET, silent, false],
  ['no errors', { errors: [] }, GET, refused, false],
  ['a response that was cut is an error, whatever its status', { errors: [] }, GET, { status: 502, ...silent }, false],
]

test('what is tried again', async (t) => {
  for (const [what, when, request, outcome, again] of rows)
    t.equal(retryable(whenSchema.parse(when), request, outcome), again, what)
})
