/** What is wrong with a health check, or with an expectation about a server, told with its place. */
import { test } from 'tap'
import { fieldValue, problemsOf, withLines } from './problems.js'

/** Column and message of what is wrong with the health check of a proxy; its key begins at column 38. */
const checks: [what: string, check: string, problems: string[]][] = [
  ['a bare word', 'http', []],
  ['a timeout longer than the interval: checks never overlap', '{ type: http, interval: 1s, timeout: 5s }', []],
  ['one status, a range, a list', '{ type: http, expected_statuses: [200, 301-302], drain_statuses: 404 }', []],
  ['unknown type', 'pings', ['52: health_check: unknown health check "pings", expected one of: http, tcp, tls']],
  ['slip in the type', '{ type: htp }', ['60: health_check.type: unknown health check "htp", did you mean "http"?']],
  ['no type', '{ path: /x }', ['38: health_check.type: missing key "type": expected one of: http, tcp, tls']],
  ['true', 'true', ['52: health_check: expected one of: http, tcp, tls; got true']],
  [
    'interval of nothing',
    '{ type: http, interval: 0s }',
    ['76: health_check.interval: expected at least 1ms; got "0s"'],
  ],
  [
    'interval without a unit',
    '{ type: http, interval: 250 }',
    ['76: health_check.interval: expected a duration with its unit, such as 250ms, 10s or 2m; got 250'],
  ],
  [
    'no time at all',
    '{ type: tls, timeout: 0ms, fast_interval: 0ms }',
    [
      '74: health_check.timeout: expected at least 1ms; got "0ms"',
      '94: health_check.fast_interval: expected at least 1ms; got "0ms"',
    ],
  ],
  ['rise of nothing', '{ type: tcp, rise: 0 }', ['71: health_check.rise: expected at least 1; got 0']],
  ['fall of nothing', '{ type: tcp, fall: 0 }', ['71: health_check.fall: expected at least 1; got 0']],
  ['too much jitter', '{ type: tcp, jitter: 60% }', ['73: health_check.jitter: expected at most 50%; got "60%"']],
  [
    'another state',
    '{ type: tcp, initial: maybe }',
    ['74: health_check.initial: unknown initial "maybe", expected one of: up, barely_up, down'],
  ],
  ...['200-99', '399-200', '2xx', '100', '100-399'].map((range): [string, string, string[]] => [
    `statuses: ${range}`,
    `{ type: http, expected_statuses: ${range} }`,
    [
      `85: health_check.expected_statuses: expected a status such as 200, or a range such as 200-399; got ${range === '100' ? 100 : `"${range}"`}`,
    ],
  ]),
  [
    'one wrong status of a list',
    '{ type: http, drain_statuses: [200-204, 404-400] }',
    ['92: health_check.drain_statuses[1]: expected a status such as 200, or a range such as 200-399; got "404-400"'],
  ],
  [
    'no status that passes',
    '{ type: http, expected_statuses: [] }',
    ['85: health_check.expected_statuses: expected a list that is not empty; got an empty list'],
  ],
  [
    'a body, of TCP',
    '{ type: tcp, expected_body: ready }',
    [
      '65: health_check.expected_body: unknown key "expected_body", expected one of: type, interval, fast_interval, down_interval, timeout, rise, fall, jitter, initial',
    ],
  ],
  [
    'a path without a slash',
    '{ type: http, path: health }',
    ['72: health_check.path: expected a path that starts with /; got "health"'],
  ],
  [
    'a Host that is no value of a field',
    '{ type: http, host: "a\\nb" }',
    [`72: health_check.host: ${fieldValue}; got "a\\nb"`],
  ],
]

for (const [what, check, problems] of checks) {
  test(what, async (t) => {
    const text = withLines({ 7: `  lb: { kind: proxy, to: [app1, fw], health_check: ${check} }` })
    t.strictSame(
      problemsOf(text),
      problems.map((problem) => `7:${problem.replace('health_check', 'hops.lb.health_check')}`),
    )
  })
}

const turns = 'excluded, recovered, up, down, draining, joined, left'
const expectations: [expectation: string, problems: string[]][] = [
  ['{ proxy: lb, server: fw, tries_failed: "<= 5%" }', []],
  [
    '{ proxy: lb, server: app2, tries: 1 }',
    ['26: expect[0].server: "app2" is not a server of "lb", did you mean "app1"?'],
  ],
  [
    '{ proxy: lb, server: lb, tries: 1 }',
    ['26: expect[0].server: "lb" is not a server of "lb", expected one of: app1, fw'],
  ],
  ['{ proxy: bl, server: app2, tries: 1 }', ['14: expect[0].proxy: unknown proxy "bl", did you mean "lb"?']],
  [
    '{ proxy: lb, server: app1, turned: sick, count: 1 }',
    [`40: expect[0].turned: unknown turned "sick", expected one of: ${turns}`],
  ],
  [
    '{ proxy: lb, server: app1, checks_passed: 90 percent }',
    ['47: expect[0].checks_passed: expected a comparison such as ">= 1" or ">= 99%"; got "90 percent"'],
  ],
  [
    '{ proxy: lb, tries: "<= 40%" }',
    ['25: expect[0].tries: a share is one of a server: expected a count such as ">= 1", or a server; got "<= 40%"'],
  ],
]

for (const [expectation, problems] of expectations) {
  test(expectation, async (t) => {
    t.strictSame(
      problemsOf(withLines({ 13: `  - ${expectation}` })),
      problems.map((problem) => `13:${problem}`),
    )
  })
}
