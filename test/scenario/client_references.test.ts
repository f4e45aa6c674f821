/** What no schema can say of clients, as a table: the lines that were changed, and every problem of the file. */
import { test } from 'tap'
import { problemsOf, withLines } from './problems.js'

type Row = [what: string, changes: Record<number, string>, problems: string[]]

const plain = (rest: string, more = ''): Record<number, string> => ({ 9: `  plain: { to: lb, ${rest} }${more}` })
const ids = (header: string, rest = ''): Record<number, string> =>
  plain(`request: { headers: { ${header}: mine } }${rest}`)
const shared = (header: string, instead: string): string =>
  `all requests of the client would carry the same ${header}: expected ${instead}, or one request`

const rows: Row[] = [
  ['another hop to turn to', plain('fallback: { to: app1 }'), []],
  [
    'a fallback that is no hop',
    plain('fallback: { to: app3 }'),
    ['9:36: clients.plain.fallback.to: unknown hop "app3", did you mean "app1"?'],
  ],
  [
    'a fallback that is no other hop',
    plain('fallback: { to: lb }'),
    ['9:36: clients.plain.fallback.to: "lb" is the hop that it asks anyway: expected another one'],
  ],
  ['an id of its own for one request', ids('X-Request-Id'), []],
  ['the same, said', ids('x-request-id', ', load: { requests: 1 }'), []],
  [
    'one id for two requests',
    ids('x-request-id', ', load: { requests: 2 }'),
    [`9:42: clients.plain.request.headers.x-request-id: ${shared('x-request-id', 'none, since each gets its own')}`],
  ],
  [
    'one id for the requests of two instances',
    ids('X-Request-Id', ', instances: 2'),
    [`9:42: clients.plain.request.headers.X-Request-Id: ${shared('X-Request-Id', 'none, since each gets its own')}`],
  ],
  [
    'one key for many requests',
    ids('Idempotency-Key', ', load: { rate: 5/s, for: 1s }'),
    [`9:42: clients.plain.request.headers.Idempotency-Key: ${shared('Idempotency-Key', 'idempotency_key: true')}`],
  ],
  [
    'two keys of one request',
    plain('request: { idempotency_key: true, headers: { idempotency-key: mine } }'),
    [
      '9:65: clients.plain.request.headers.idempotency-key: idempotency_key sends one already: expected one or the other',
    ],
  ],
  [
    'the id of another client',
    plain(
      'request: { headers: { X-Request-Id: mine } }',
      '\n  other: { to: lb, request: { headers: { X-REQUEST-ID: mine } } }',
    ),
    ['10:56: clients.other.request.headers.X-REQUEST-ID: the request id "mine" is taken by the client "plain"'],
  ],
]

for (const [what, changes, problems] of rows) {
  test(what, async (t) => {
    t.strictSame(problemsOf(withLines(changes)), problems)
  })
}
