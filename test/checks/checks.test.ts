/** Every kind of check passing, failing and knowing too little, the schema's messages, and the order of verdicts. */
import { test } from 'tap'
import { z } from 'zod'
import { checkSchema, checks, evaluate, references } from '../../src/checks/index.js'
import { exitCode, judge, overall } from '../../src/checks/verdict.js'
import type { Layer } from '../../src/core/who_failed.js'
import type { JournalEvent } from '../../src/journal/events.js'
import type { LoadAccount } from '../../src/journal/load_facts.js'
import type { CheckResult, Verdict } from '../../src/journal/result.js'
import * as make from '../journal/events.js'
import { reduce, refusedFailure, resetFailure, times } from '../journal/events.js'

const asked = (count: number, more: Parameters<typeof make.request>[0] = {}): JournalEvent[] => [
  ...times(count, make.attempt()),
  ...times(count, make.request(more)),
]
const refused = make.forward({ status: 502, failure: refusedFailure, proxy_error: 'upstream_refused' })
const manyLines = Array.from({ length: 10_001 }, (_, n) => make.log(`line ${n}`))

const nested = [make.attempt({ proxy_status: 'inner; error=dns_error;details="a, b",  edge;received-status=502' })]

type Row = [check: object, events: readonly JournalEvent[], verdict: CheckResult['verdict'], actual: string]

const metric = (metric: string, is: string | number) => ({ client: 'plain', metric, is })
const error = (more: object) => ({ proxy: 'lb', error: 'connection_refused', count: '>= 1', ...more })
const threeOfFour = [...asked(3), ...asked(1, { ok: false })]
const aReset = make.attempt({ failure: resetFailure })
const bytes = (...sizes: number[]) => sizes.map((size) => make.attempt({ bytes: size }))
const alerted = (...ids: number[]) =>
  ids.map((id) => make.attempt({ proxy_status: `lb;error=tls_alert_received;alert-id=${id};alert-message=x` }))
const blamed = (layer: Layer) => make.attempt({ status: 502, blame: { layer, because: 'x' } })
const triedBoth = make.forward({ tries: [make.oneTry(), make.oneTry({ server: 'app2' })] })
const checkedFour = [...times(2, make.healthCheck()), make.healthCheck('drain'), make.healthCheck('failed')]
const failedAndServed = make.forward({ tries: [make.oneTry({ failure: resetFailure }), make.oneTry({ status: 200 })] })
const throughTwoExits = make.forward({
  hop: 'gw',
  tries: [make.oneTry({ exit: '127.11.1.1' }), make.oneTry({ exit: '127.11.1.2' })],
})
const itsOwn503 = make.oneTry({ status: 503 })
const twoTries = make.forward({ tries: [make.oneTry(), make.oneTry()] })

const rows: Record<keyof typeof checks, Row[]> = {
  fault_fired: [
    [{ fault: 'rst', fired: '>= 1' }, [make.fault('rst')], 'pass', '1'],
    [{ fault: 'rst', fired: 2 }, [make.fault('rst')], 'fail', '1'],
    [{ fault: 'rst', fired: '>= 1' }, [make.fault('other')], 'inconclusive', '0'],
    [{ fault: 'rst', fired: '= 0' }, [], 'pass', '0'],
    [{ fault: 'untold', fired: '>= 1' }, [], 'inconclusive', 'nobody could tell'],
    [{ fault: 'untold', fired: '= 0' }, [], 'inconclusive', 'nobody could tell'],
    [{ fault: 'untold', fired: '>= 1' }, [make.fault('untold')], 'pass', '1'],
  ],
  client_metric: [
    [metric('success_rate', '>= 75%'), threeOfFour, 'pass', '75%'],
    [metric('success_rate', '> 75%'), threeOfFour, 'fail', '75%'],
    [metric('amplification', '<= 1.2'), [make.attempt(), ...asked(2)], 'fail', '1.5'],
    [metric('latency_p50_ms', '<= 250ms'), asked(1, { ms: 250 }), 'pass', '250ms'],
    [metric('latency_max_ms', '< 1s'), asked(1, { ms: 1234.5 }), 'fail', '1230ms'],
    [metric('attempts', 4), asked(4), 'pass', '4'],
    [metric('success_rate', '<= 95%'), [], 'inconclusive', 'no requests'],
    [metric('amplification', '<= 2'), [make.attempt()], 'inconclusive', 'no requests'],
  ],
  client_status: [
    [{ client: 'plain', status: 502, count: 2 }, asked(2, { status: 502 }), 'pass', '2'],
    [{ client: 'plain', status: 502, count: '>= 1' }, asked(2, { status: 504 }), 'fail', '0'],
    [{ client: 'plain', status: 502, count: '= 0' }, [], 'inconclusive', 'no requests'],
  ],
  client_proxy_status: [
    [{ client: 'plain', proxy_status: 'alert-id=40; alert-message=x', count: 2 }, alerted(40, 40, 70), 'pass', '2'],
    [{ client: 'plain', proxy_status: 'alert-id=40', count: 1 }, alerted(70), 'fail', '0'],
    [
      { client: 'plain', proxy_status: ['inner; error=dns_error', 'edge; received-status=502'], count: 1 },
      nested,
      'pass',
      '1',
    ],
    [{ client: 'plain', proxy_status: ['edge', 'inner'], count: 1 }, nested, 'fail', '0'],
    [{ client: 'plain', proxy_status: ['inner'], count: 1 }, nested, 'fail', '0'],
    [{ client: 'plain', proxy_status: ['inner', 'edge', 'cdn'], count: 1 }, nested, 'fail', '0'],
    [{ client: 'plain', proxy_status: ['x'], count: '= 0' }, [make.attempt({ proxy_status: 'x; "' })], 'pass', '0'],
    [{ client: 'plain', proxy_status: 'lb', count: '= 0' }, [make.attempt()], 'pass', '0'],
    [{ client: 'plain', proxy_status: 'lb', count: '= 0' }, [], 'inconclusive', 'no attempts'],
  ],
  client_server_header: [
    [{ client: 'plain', server_header: 'edge', count: 1 }, [make.attempt({ server: 'edge' })], 'pass', '1'],
    [{ client: 'plain', server_header: 'edge', count: 1 }, [make.attempt({ server: 'edge-2' })], 'fail', '0'],
    [{ client: 'plain', server_header: 'edge', count: '= 0' }, [], 'inconclusive', 'no attempts'],
  ],
  client_failed_at: [
    [{ client: 'plain', failed_at: 'edge', count: 1 }, [blamed('edge'), blamed('origin')], 'pass', '1'],
    [{ client: 'plain', failed_at: 'edge', count: 1 }, [blamed('gateway')], 'fail', '0'],
    [{ client: 'plain', failed_at: 'edge', count: '= 0' }, [], 'inconclusive', 'no attempts'],
  ],
  client_error: [
    [{ client: 'plain', error: 'connection_terminated', count: 1 }, [aReset], 'pass', '1'],
    [{ client: 'plain', error: 'connection_refused', count: '>= 1' }, [aReset], 'fail', '0'],
    [{ client: 'plain', error: 'connection_refused', count: '= 0' }, [], 'inconclusive', 'no attempts'],
  ],
  client_truncated: [
    [{ client: 'plain', truncated: '>= 1' }, [make.attempt({ truncated: true })], 'pass', '1'],
    [{ client: 'plain', truncated: 1 }, [make.attempt()], 'fail', '0'],
    [{ client: 'plain', truncated: '= 0' }, [], 'inconclusive', 'no attempts'],
  ],
  client_bytes: [
    [{ client: 'plain', bytes: '= 17B' }, bytes(17, 17, 17), 'pass', '17B'],
    [{ client: 'plain', bytes: 17 }, bytes(16, 18), 'fail', '16 to 18'],
    [{ client: 'plain', bytes: '>= 1KB' }, bytes(1024, 0), 'fail', '0B to 1024B'],
    [{ client: 'plain', bytes: 0 }, [], 'inconclusive', 'no attempts'],
  ],
  proxy_error: [
    [error({ count: 2 }), [refused, refused], 'pass', '2'],
    [
      error({ stage: 'connect', manner: 'refused', details: 'refused', word: 'upstream_refused' }),
      [refused],
      'pass',
      '1',
    ],
    [error({ error: 'connection_terminated' }), [refused], 'fail', '0'],
    [error({ stage: 'tls' }), [refused], 'fail', '0'],
    [error({ manner: 'reset' }), [refused], 'fail', '0'],
    [error({ details: 'no route' }), [refused], 'fail', '0'],
    [error({ word: 'upstream_reset' }), [refused], 'fail', '0'],
    [error({ count: '= 0' }), [], 'inconclusive', 'no requests'],
  ],
  proxy_status: [
    [{ proxy: 'lb', status: 502, count: 1 }, [refused], 'pass', '1'],
    [{ proxy: 'lb', status: 504, count: '>= 1' }, [refused], 'fail', '0'],
    [{ proxy: 'lb', status: 504, count: '= 0' }, [], 'inconclusive', 'no requests'],
  ],
  proxy_passed: [
    [{ proxy: 'lb', passed: 502, count: 1 }, [make.forward({ status: 502 }), refused], 'pass', '1'],
    [{ proxy: 'lb', passed: 502, count: '>= 1' }, [refused], 'fail', '0'],
    [{ proxy: 'lb', passed: 200, count: '>= 1' }, [make.forward({ status: 200, cache: 'hit' })], 'fail', '0'],
    [{ proxy: 'lb', passed: 502, count: '= 0' }, [], 'inconclusive', 'no requests'],
  ],
  proxy_tries: [
    [{ proxy: 'lb', tries: 2 }, [twoTries], 'pass', '2'],
    [{ proxy: 'lb', tries: '> 2' }, [twoTries], 'fail', '2'],
    [{ proxy: 'lb', tries: '= 0' }, [], 'inconclusive', 'no requests'],
    [{ proxy: 'lb', server: 'app1', tries: 1 }, [triedBoth], 'pass', '1'],
    [{ proxy: 'lb', server: 'app1', tries: '<= 40%' }, [triedBoth], 'fail', '50%'],
    [{ proxy: 'lb', server: 'app3', tries: '= 0' }, [triedBoth], 'pass', '0'],
    [{ proxy: 'lb', server: 'app1', tries: '= 0%' }, [make.forward({ tries: [] })], 'inconclusive', 'no tries'],
    [{ proxy: 'lb', server: 'app1', tries: '= 0' }, [make.healthCheck()], 'inconclusive', 'no requests'],
  ],
  gateway_metric: [
    [{ gateway: 'gw', metric: 'exits_quarantined', is: 1 }, [make.quarantine(), make.quarantine()], 'pass', '1'],
    [{ gateway: 'gw', metric: 'burn_rate', is: '> 0.5' }, [make.quarantine()], 'fail', '0.25'],
    [{ gateway: 'gw', metric: 'exit_share_max', is: '<= 50%' }, [throughTwoExits], 'pass', '50%'],
    [{ gateway: 'gw', metric: 'time_to_pause_ms', is: '< 1s' }, [make.decision()], 'inconclusive', 'not defined'],
    [{ gateway: 'gw', metric: 'quarantines', is: 0 }, [twoTries], 'inconclusive', 'no requests'],
  ],
  gateway_decided: [
    [{ gateway: 'gw', decided: 'rotate_ip_and_fingerprint', count: 1 }, [make.decision()], 'pass', '1'],
    [{ gateway: 'gw', decided: 'rotate_ip', count: '>= 1' }, [make.decision()], 'fail', '0'],
    [{ gateway: 'gw', decided: 'rotate_ip', count: 0 }, [], 'inconclusive', 'no requests'],
  ],
  gateway_taken_for: [
    [{ gateway: 'gw', taken_for: 'waf_stealth_block', count: 1 }, [make.decision()], 'pass', '1'],
    [{ gateway: 'gw', taken_for: 'genuine_failure', count: '>= 1' }, [make.decision()], 'fail', '0'],
    [{ gateway: 'gw', taken_for: 'genuine_failure', count: 0 }, [], 'inconclusive', 'no requests'],
  ],
  server_turned: [
    [{ proxy: 'lb', server: 'app1', turned: 'down', count: 1 }, [make.turned('down')], 'pass', '1'],
    [{ proxy: 'lb', server: 'app1', turned: 'up', count: '>= 1' }, [make.turned('down')], 'fail', '0'],
    [{ proxy: 'lb', server: 'app2', turned: 'down', count: 0 }, [make.turned('down')], 'pass', '0'],
    [{ proxy: 'lb', server: 'app1', turned: 'excluded', count: 0 }, [], 'pass', '0'],
  ],
  server_checks_passed: [
    [{ proxy: 'lb', server: 'app1', checks_passed: '>= 75%' }, checkedFour, 'pass', '75%'],
    [{ proxy: 'lb', server: 'app1', checks_passed: '> 75%' }, checkedFour, 'fail', '75%'],
    [{ proxy: 'lb', server: 'app1', checks_passed: 3 }, checkedFour, 'pass', '3'],
    [{ proxy: 'lb', server: 'app2', checks_passed: 0 }, checkedFour, 'inconclusive', 'no checks'],
    [{ proxy: 'lb', server: 'app1', checks_passed: '= 0%' }, [twoTries], 'inconclusive', 'no checks'],
  ],
  server_tries_failed: [
    [{ proxy: 'lb', server: 'app1', tries_failed: '= 50%' }, [failedAndServed], 'pass', '50%'],
    [{ proxy: 'lb', server: 'app1', tries_failed: 1 }, [make.forward({ tries: [itsOwn503] })], 'pass', '1'],
    [{ proxy: 'lb', server: 'app1', tries_failed: '= 0' }, [failedAndServed], 'fail', '1'],
    [{ proxy: 'lb', server: 'app1', tries_failed: '= 0' }, checkedFour, 'inconclusive', 'no tries'],
  ],
  proxy_cached: [
    [{ proxy: 'lb', cached: 'hit', count: 1 }, [make.forward({ status: 200, cache: 'hit' })], 'pass', '1'],
    [{ proxy: 'lb', cached: 'stale', count: 1 }, [make.forward({ status: 200, cache: 'hit' })], 'fail', '0'],
    [{ proxy: 'lb', cached: 'hit', count: '= 0' }, [], 'inconclusive', 'no requests'],
  ],
  proxy_cut: [
    [{ proxy: 'lb', cut: '>= 1' }, [make.forward({ cut: true })], 'pass', '1'],
    [{ proxy: 'lb', cut: '>= 1' }, [make.forward()], 'fail', '0'],
    [{ proxy: 'lb', cut: '= 0' }, [], 'inconclusive', 'no requests'],
  ],
  proxy_client_left: [
    [{ proxy: 'lb', client_left: '>= 1' }, [make.forward({ client_left: true })], 'pass', '1'],
    [{ proxy: 'lb', client_left: '>= 1' }, [make.forward()], 'fail', '0'],
    [{ proxy: 'lb', client_left: '= 0' }, [], 'inconclusive', 'no requests'],
  ],
  origin_requests: [
    [{ origin: 'app1', requests: 0 }, [make.served({ health: true })], 'pass', '0'],
    [{ origin: 'app1', requests: 0 }, [make.served()], 'fail', '1'],
    [{ origin: 'app1', requests: '>= 1' }, [], 'fail', '0'],
  ],
  origin_outcome: [
    [{ origin: 'app1', outcome: 'shed', count: 1 }, [make.served({ outcome: 'shed' }), make.served()], 'pass', '1'],
    [{ origin: 'app1', outcome: 'wasted', count: 1 }, [make.served({ outcome: 'shed' })], 'fail', '0'],
    [{ origin: 'app1', outcome: 'shed', count: 0 }, [], 'pass', '0'],
  ],
  origin_stops: [
    [{ origin: 'app1', stops: 1 }, [make.accepting(false), make.accepting(true)], 'pass', '1'],
    [{ origin: 'app1', stops: '>= 1' }, [make.served()], 'fail', '0'],
  ],
  waf_hits: [
    [
      { waf: 'wall', rule: 'bots', hits: 1 },
      [make.waf({}), make.waf({ rule: 'fast' }), make.waf({ banned: 'address' })],
      'pass',
      '1',
    ],
    [{ waf: 'wall', rule: 'bots', hits: '>= 1' }, [], 'fail', '0'],
  ],
  waf_bans: [
    [
      { waf: 'wall', scope: 'subnet', bans: 1 },
      [make.waf({ ban: { scope: 'subnet', key: '127.0.0.0/24', for_ms: 1 } }), make.waf({ banned: 'subnet' })],
      'pass',
      '1',
    ],
    [{ waf: 'wall', scope: 'address', bans: '>= 1' }, [make.waf({})], 'fail', '0'],
  ],
  waf_banned: [
    [
      { waf: 'wall', scope: 'address', banned: 2 },
      [make.waf({ banned: 'address' }), make.waf({ banned: 'address' }), make.waf({})],
      'pass',
      '2',
    ],
    [{ waf: 'wall', scope: 'subnet', banned: '>= 1' }, [make.waf({ banned: 'address' })], 'fail', '0'],
  ],
  origin_connections: [
    [{ origin: 'app1', connections: 1 }, [make.connection('app1'), make.connection('lb')], 'pass', '1'],
    [{ origin: 'app1', connections: 1 }, [], 'fail', '0'],
  ],
  origin_applied: [
    [{ origin: 'app1', applied: 2 }, [make.operation(1), make.operation(2), make.operation(0)], 'pass', '2'],
    [{ origin: 'app1', applied: '>= 1' }, [make.served()], 'fail', '0'],
    [{ origin: 'app1', applied: 0 }, [], 'pass', '0'],
  ],
  origin_repeated: [
    [{ origin: 'app1', repeated: 1 }, [make.operation(1), make.operation(2), make.operation(3)], 'pass', '1'],
    [{ origin: 'app1', repeated: '= 0' }, [make.operation(1), make.operation(2)], 'fail', '1'],
    [{ origin: 'app1', repeated: '= 0' }, [make.operation(1), make.operation(0)], 'pass', '0'],
    [{ origin: 'app1', repeated: '= 0' }, [make.served()], 'inconclusive', 'no operations'],
  ],
  log_contains: [
    [{ log: 'lb', contains: 'reset' }, [make.log('recv() failed: Connection reset')], 'pass', '1'],
    [{ log: 'lb', contains: 'reset', count: 3 }, times(3, make.log('reset')), 'pass', '3'],
    [{ log: 'lb', contains: 'Reset' }, [make.log('reset'), make.log('Reset', 'other')], 'fail', '0'],
    [{ log: 'lb', contains: 'line 77' }, manyLines, 'pass', '111'],
    [
      { log: 'lb', contains: 'x', count: '= 0' },
      manyLines,
      'inconclusive',
      '0 in the lines that were kept; 1 were not',
    ],
  ],
}
for (const [kind, table] of Object.entries(rows)) {
  test(`${kind}: passes, fails, or knows too little`, async (t) => {
    for (const [check, events, verdict, actual] of table) {
      const result = evaluate(checkSchema.parse(check), reduce(events, ['untold']))[0]!
      t.match(result, { verdict, actual }, `${JSON.stringify(check)}: ${verdict}`)
      t.ok(result.name.includes(Object.values(check)[0]), result.name)
    }
    const verdicts = table.map(([, , verdict]) => verdict)
    t.ok(verdicts.includes('pass') && verdicts.includes('fail'))
  })
}

test('the keys of a check belong to one kind alone', async (t) => {
  for (const [kind, { schema }] of Object.entries(checks)) {
    const required = Object.entries<z.ZodType>(schema.shape).filter(([, value]) => !value.safeParse(undefined).success)
    const takers = Object.entries(checks).filter(([, other]) => required.every(([key]) => key in other.schema.shape))
    t.same(
      takers.map(([name]) => name),
      [kind],
    )
    t.ok(
      Object.keys(references).some((key) => key in schema.shape),
      `${kind} names something of the scenario`,
    )
  }
})

test('a wrong check is refused, and a wrong unit with the metric and the right one', async (t) => {
  const message = (check: unknown) =>
    checkSchema.safeParse(check).error?.issues.map(({ path, message }) => [path, message])
  t.same(message({ client: 'plain', metric: 'success_rate', is: '<= 95' }), [
    [['is'], 'success_rate is a share: expected a comparison such as ">= 99%", not "<= 95"'],
  ])
  t.same(message({ client: 'plain', metric: 'latency_p99_ms', is: 95 }), [
    [['is'], 'latency_p99_ms is a duration: expected a comparison such as "<= 250ms", not "= 95"'],
  ])
  t.same(message({ client: 'plain', metric: 'requests', is: '>= 5%' }), [
    [['is'], 'requests is a number: expected a comparison such as "<= 1.5", not ">= 5%"'],
  ])
  for (const wrong of [
    { fault: 'rst' },
    { client: 'plain', status: 502 },
    { proxy: 'lb', error: 'reset', count: 1 },
    { proxy: 'lb', tries: '<= 40%' },
    { proxy: 'lb', server: 'app1', turned: 'sick', count: 1 },
    { proxy: 'lb', checks_passed: '>= 90%' },
    { rubbish: 1 },
    'x',
  ]) {
    t.ok(message(wrong)?.length, JSON.stringify(wrong))
  }
})

test('the schema can be published, every key with a description', async (t) => {
  const published = z.toJSONSchema(checkSchema, { io: 'input' })
  t.equal(published.anyOf?.length, Object.keys(checks).length)
  for (const kind of published.anyOf!) {
    for (const [key, value] of Object.entries(kind.properties!))
      t.ok((value as { description?: string }).description, key)
  }
})

const quiet = { errors: [], interrupted: false, lag_ms: 0, loads: new Map<string, LoadAccount>() }
const check = (verdict: CheckResult['verdict']): CheckResult => ({ name: 'c', verdict, expected: '= 1', actual: '0' })
const [pass, fail, open] = [check('pass'), check('fail'), check('inconclusive')]
test('a verdict: errors first, then faults that never fired, then failing checks, then open ones', async (t) => {
  const silent = [{ id: 'rst', fired: 0 }]
  const fired = [
    { id: 'rst', fired: 1 },
    { id: 'untold', fired: null },
  ]
  t.same(judge(fired, [pass], quiet), { verdict: 'pass' })
  t.same(judge([], [], quiet), { verdict: 'pass' })
  t.match(judge(silent, [fail], { ...quiet, errors: ['disk full', 'b'], interrupted: true }), {
    verdict: 'error',
    reason: 'disk full, and 1 more',
  })
  t.match(judge(fired, [pass], { ...quiet, interrupted: true }), {
    verdict: 'error',
    reason: /interrupted/,
  })
  t.match(judge(silent, [fail, pass], quiet), {
    verdict: 'inconclusive',
    reason: 'fault rst never fired: nothing was shown',
  })
  t.match(judge([...silent, { id: 'b', fired: 0 }], [pass], quiet), {
    verdict: 'inconclusive',
    reason: /^faults rst, b never fired/,
  })
  t.match(judge(fired, [fail, open, pass], quiet), { verdict: 'fail', reason: '1 of 3 checks failed' })
  const account = { asked: 9, sent: 9, in_time: 9, rate_asked: 9, rate_reached: 9 }
  const delays = { start_delay_p50_ms: 0, start_delay_p99_ms: 0, start_delay_max_ms: 0 }
  const loads = (cannot?: string) => new Map([['plain', { ...account, ...delays, cannot }]])
  t.match(judge(silent, [fail], { ...quiet, loads: loads('asked for 9/s, this machine reached 2/s') }), {
    verdict: 'inconclusive',
    reason: 'client "plain" asked for 9/s, this machine reached 2/s',
  })
  t.match(judge(fired, [pass], { ...quiet, loads: loads() }), { verdict: 'pass' })
  const late = { ...quiet, lag_ms: 51 }
  t.match(judge(silent, [fail], late, 50), {
    verdict: 'inconclusive',
    reason: 'this machine was too loaded to judge: four timers in a row were up to 51 ms late, and it bears 50 ms',
  })
  t.match(judge(fired, [pass], late, 51), { verdict: 'pass' })
  t.match(judge(fired, [pass], late), { verdict: 'pass' }, 'without a limit')
  t.match(judge(fired, [open], quiet), { verdict: 'inconclusive', reason: 'too little to judge 1 of 1 check by' })
})

test('of several verdicts: 3, 1, 4, 0, the first that occurs', async (t) => {
  const rows: [verdicts: Verdict[], verdict: Verdict, code: number, noSkip: number][] = [
    [['pass', 'pass'], 'pass', 0, 0],
    [['pass', 'skipped'], 'pass', 0, 3],
    [['skipped'], 'skipped', 0, 3],
    [[], 'skipped', 0, 0],
    [['pass', 'inconclusive', 'skipped'], 'inconclusive', 4, 3],
    [['inconclusive', 'fail', 'pass'], 'fail', 1, 1],
    [['fail', 'skipped'], 'fail', 1, 3],
    [['fail', 'error', 'inconclusive'], 'error', 3, 3],
  ]
  for (const [verdicts, verdict, code, noSkip] of rows) {
    t.equal(overall(verdicts), verdict, verdicts.join())
    t.equal(exitCode(verdicts), code)
    t.equal(exitCode(verdicts, { noSkip: true }), noSkip)
  }
})
