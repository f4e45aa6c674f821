/** Where one of several forms may stand: the form that was meant is explained, or the forms are named. */
import { test } from 'tap'
import { problemsOf, withLines } from './problems.js'

type Row = [what: string, changes: Record<number, string>, problems: string[]]

const rows: Row[] = [
  [
    'word in a list of words',
    { 7: '  lb: { kind: proxy, to: [app1, fw], next_upstream: [eror] }' },
    ['7:54: hops.lb.next_upstream[0]: unknown next_upstream "eror", did you mean "error"?'],
  ],
  [
    'word or a list',
    { 7: '  lb: { kind: proxy, to: [app1, fw], next_upstream: of }' },
    ['7:53: hops.lb.next_upstream: expected off or a list; got "of", did you mean "off"?'],
  ],
  [
    'edge that is neither name nor mapping',
    { 7: '  lb: { kind: proxy, to: [app1, 5] }' },
    ['7:33: hops.lb.to[1]: expected text or a mapping; got 5'],
  ],
  [
    'edge with an unknown key',
    { 7: '  lb: { kind: proxy, to: [app1, { hop: fw, schema: https }] }' },
    ['7:44: hops.lb.to[1].schema: unknown key "schema", did you mean "scheme"?'],
  ],
  [
    'an unknown load shape',
    { 9: '  plain: { to: lb, load: { shape: { type: rampp, from: 1/s, to: 9/s }, for: 2s } }' },
    ['9:43: clients.plain.load.shape.type: unknown load shape "rampp", did you mean "ramp"?'],
  ],
  [
    'a load shape by its bare name',
    { 9: '  plain: { to: lb, load: { shape: ramp, for: 2s } }' },
    ['9:35: clients.plain.load.shape: expected a mapping; got "ramp"'],
  ],
  [
    'a spike behind the end of the load',
    { 9: '  plain: { to: lb, load: { shape: { type: spike, rate: 1/s, peak: 9/s, at: 2s, lasts: 1s }, for: 2s } }' },
    ['9:76: clients.plain.load.shape.at: expected a time before the end of the load; got "2s"'],
  ],
  [
    'a load without a request',
    { 9: '  plain: { to: lb, load: { shape: { type: steps, rates: [0/s] }, for: 2s } }' },
    ['9:35: clients.plain.load.shape: expected a rate above 0/s at some time of the load; got a mapping'],
  ],
  [
    'a load of two forms',
    { 9: '  plain: { to: lb, load: { users: 2, saturate: 5, for: 2s } }' },
    [
      "9:26: clients.plain.load: the keys users, saturate, for don't go together: expected { users, for, think } or { saturate, for, pipelining }",
    ],
  ],
  [
    'load of no form',
    { 9: '  plain: { to: lb, load: {} }' },
    [
      '9:26: clients.plain.load: missing keys: expected requests, or rate and for, or shape and for, or users and for, or saturate and for',
    ],
  ],
  [
    'load of one form, incomplete',
    { 9: '  plain: { to: lb, load: { rate: 50/s } }' },
    ['9:20: clients.plain.load.for: missing key "for": expected a duration with its unit, such as 250ms, 10s or 2m'],
  ],
  [
    'load of one form, with a slip',
    { 9: '  plain: { to: lb, load: { rate: 50/s, fro: 2s } }' },
    ['9:40: clients.plain.load.fro: unknown key "fro", did you mean "for"?'],
  ],
  [
    'expectation, unfinished',
    { 13: '  - { client: plain }' },
    [
      '13:5: expect[0]: missing keys: expected metric and is, or status and count, or proxy_status and count, or server_header and count, or failed_at and count, or error and count, or truncated, or bytes',
    ],
  ],
  [
    'expectation, nearly finished',
    { 13: '  - { client: plain, count: 5 }' },
    ['13:5: expect[0]: missing keys: expected status, or proxy_status, or server_header, or failed_at, or error'],
  ],
  [
    'expectation with a slip',
    { 13: '  - { client: plain, metrc: success_rate, is: ">= 5%" }' },
    ['13:22: expect[0].metrc: unknown key "metrc", did you mean "metric"?'],
  ],
  [
    'expectation with a slip in its first key',
    { 13: '  - { clint: plain, status: 502, count: 5 }' },
    ['13:7: expect[0].clint: unknown key "clint", did you mean "client"?'],
  ],
  [
    'expectation of two kinds',
    { 13: '  - { origin: app1, requests: 0, connections: 0 }' },
    [
      "13:5: expect[0]: the keys origin, requests, connections don't go together: expected { origin, requests } or { origin, connections }",
    ],
  ],
  [
    'expectation of a stranger',
    { 13: '  - { client: plain, colour: red }' },
    [
      '13:22: expect[0].colour: unknown key "colour", expected one of: client, metric, is, status, count, proxy_status, server_header, failed_at, error, truncated, bytes',
    ],
  ],
]

for (const [what, changes, problems] of rows) {
  test(what, async (t) => t.strictSame(problemsOf(withLines(changes)), problems))
}
