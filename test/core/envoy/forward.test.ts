/** Envoy's rules of forwarding put together: retries with pauses, both time limits, breakers, panic, and who is told what. */
import { test } from 'tap'
import type { z } from 'zod'
import { createBalancer } from '../../../src/core/proxy/balancers/index.js'
import type { FailedTry, Forward, ForwardAction } from '../../../src/core/proxy/forward.js'
import { envoy } from '../../../src/core/proxy/forwards/envoy.js'
import { envoy as envoyHealth } from '../../../src/core/proxy/passive_health/envoy.js'
import { type PassiveHealthConfig, type Turn, watchServers } from '../../../src/core/proxy/passive_health/index.js'
import type { Server } from '../../../src/core/proxy/server.js'
import { groupServers } from '../../../src/core/proxy/servers.js'
import { chanceFrom } from '../../../src/lib/random.js'
import { balancerOf, requestOf, type ServerInput, serverOf, triedBy } from '../balanced.js'

type Input = Omit<z.input<typeof envoy.schema>, 'type'>
type HealthInput = Omit<z.input<typeof envoyHealth.schema>, 'type'>

interface Lab {
  servers: readonly Server[]
  turns: [server: number, turned: Turn, why: string][]
  begin(): Forward
}

function labOf(input: Input, inputs: ServerInput[] | number = 2, health?: HealthInput, mayWait = true): Lab {
  const said = typeof inputs === 'number' ? Array.from({ length: inputs }, () => ({})) : inputs
  const servers = groupServers(said.map((server, index) => serverOf(server, index)))
  const chance = chanceFrom(1)
  const turns: Lab['turns'] = []
  if (health) {
    const config = envoyHealth.schema.parse({ type: 'envoy', ...health }) as PassiveHealthConfig
    watchServers(config, servers, chance, (server, turned, why) => void turns.push([server, turned, why]))
  }
  const begin = envoy.create(envoy.schema.parse({ type: 'envoy', ...input }), {
    servers,
    balancer: createBalancer(balancerOf('round_robin'), servers, chance),
    balance: 'round_robin',
    mayWait,
    tellsLast: true,
    connectMs: 5000,
    chance,
  })
  return { servers: servers.all, turns, begin: () => begin(requestOf()) }
}

const closed = (more: Partial<FailedTry> = {}): FailedTry =>
  triedBy('closed', {
    failure: { type: 'connection_terminated', stage: 'response_head', manner: 'closed', details: 'closed' },
    requestWritten: true,
    ...more,
  })
const late = (more: Partial<FailedTry> = {}): FailedTry => ({
  ...closed(more),
  failure: { type: 'http_response_timeout', stage: 'response_head', manner: 'timeout', details: 'too long' },
})
const said = (action: ForwardAction | undefined): string => {
  if (!action) return 'passed'
  if (action.do === 'try') return `try ${action.server}`
  return action.do === 'answer' ? action.failure.type : action.do
}
const ON = { retry_on: ['5xx' as const] }

test('without a policy nothing is sent again', async (t) => {
  const lab = labOf({})
  const forward = lab.begin()
  t.strictSame(forward.start(0), { do: 'try', server: 0, headMs: undefined, totalMs: 15_000 })
  t.equal(said(forward.failed(closed(), 1)), 'connection_terminated')
  t.equal(forward.denied, undefined)
  const answered = lab.begin()
  answered.start(0)
  t.equal(answered.answered(503, true, 1), undefined)
  t.equal(answered.denied, undefined)
})

test('a retry comes after a pause, at any server, and then it is exhausted', async (t) => {
  const lab = labOf({ retry_policy: { ...ON, num_retries: 2 } })
  const forward = lab.begin()
  t.equal(said(forward.start(0)), 'try 0')
  const pause = forward.failed(closed(), 10)
  t.equal(pause.do, 'pause')
  t.ok(pause.do === 'pause' && pause.ms >= 0 && pause.ms < 25, 'below 25 ms')
  t.strictSame(
    lab.servers.map(({ conns }) => conns),
    [0, 0],
    'nobody is busy with it meanwhile',
  )
  t.equal(said(forward.start(20)), 'try 1')
  const second = forward.answered(503, true, 30)
  t.ok(second?.do === 'pause' && second.ms < 75)
  t.equal(said(forward.start(40)), 'try 0')
  t.equal(forward.answered(503, true, 50), undefined, 'the last answer is passed on')
  t.equal(forward.denied, 'exhausted')
  t.equal(forward.retried, true)
  forward.done(60, 10)
  t.strictSame(
    lab.servers.map(({ conns }) => conns),
    [0, 0],
  )
})

test('what can’t be sent again, or was begun, is not', async (t) => {
  const lab = labOf({ retry_policy: ON })
  const first = lab.begin()
  first.start(0)
  t.equal(said(first.failed(closed({ replayable: false }), 1)), 'connection_terminated')
  t.equal(first.denied, undefined, 'nobody asked the policy')
  const begun = lab.begin()
  begun.start(0)
  begun.answered(200, true, 1)
  t.equal(said(begun.failed(closed({ responseBegun: true }), 2)), 'cut')
  const marked = lab.begin()
  marked.start(0)
  t.equal(
    marked.answered(503, true, 1, (name) => (name === 'x-envoy-overloaded' ? 'true' : undefined)),
    undefined,
  )
  t.equal(marked.denied, undefined)
})

test('the time of the route is for all tries together, and over it nothing is retried', async (t) => {
  const lab = labOf({ route_timeout: '1s', retry_policy: { ...ON, num_retries: 5 } })
  const forward = lab.begin()
  t.match(forward.start(100), { totalMs: 1000 })
  forward.failed(closed(), 700)
  t.match(forward.start(710), { do: 'try', totalMs: 390 })
  const action = forward.failed(late(), 1100)
  t.match(action, { do: 'answer', failure: { type: 'http_response_timeout' } })
  t.notMatch(action, { failure: { per_try: true } })
  const pausing = lab.begin()
  pausing.start(0)
  t.strictSame(pausing.failed(closed(), 1000), { do: 'pause', ms: 0 }, 'a pause ends with the time')
  t.match(pausing.start(1000), { do: 'answer', failure: { type: 'http_response_timeout', stage: 'select' } })
  t.notMatch(labOf({ route_timeout: '0s' }).begin().start(0), { totalMs: 1 }, 'no limit')
})

test('a try that took too long is told as such, and retried', async (t) => {
  const lab = labOf({ route_timeout: '1s', retry_policy: { ...ON, per_try_timeout: '200ms' } })
  const forward = lab.begin()
  t.match(forward.start(0), { headMs: 200, totalMs: 1000 })
  t.equal(said(forward.failed(late(), 200)), 'pause')
  t.match(forward.start(210), { headMs: 200, totalMs: 790 })
  t.match(forward.failed(late(), 410), { do: 'answer', failure: { per_try: true } })
  t.equal(forward.denied, 'exhausted')
  const short = labOf({ route_timeout: '100ms', retry_policy: { ...ON, per_try_timeout: '200ms' } }).begin()
  short.start(0)
  t.notMatch(short.failed(late(), 100), { failure: { per_try: true } }, 'the route’s is the shorter')
})

test('breakers: overflow, a wait for a connection, and retries that are refused', async (t) => {
  const overflow = labOf({ circuit_breakers: { max_requests: 1 } })
  const one = overflow.begin()
  one.start(0)
  t.equal(said(overflow.begin().start(0)), 'connection_limit_reached')
  one.done(1)
  t.equal(said(overflow.begin().start(2)), 'try 1')

  const lab = labOf({ circuit_breakers: { max_connections: 1, max_pending_requests: 1 } })
  const [first, second, third] = [lab.begin(), lab.begin(), lab.begin()]
  first.start(0)
  t.strictSame(second.start(0), { do: 'wait', choosy: false, forMs: 15_000 })
  t.equal(said(third.start(0)), 'connection_limit_reached', 'as many wait as may')
  t.equal(said(second.start(1)), 'wait', 'it is one of those')
  first.done(2)
  t.equal(said(second.start(3)), 'try 1')
  t.equal(said(lab.begin().start(3)), 'wait')
  t.equal(
    said(
      labOf({ circuit_breakers: { max_connections: 1 } }, 2, undefined, false)
        .begin()
        .start(0),
    ),
    'try 0',
  )

  const retries = labOf({ retry_policy: { ...ON, num_retries: 2 }, circuit_breakers: { max_retries: 1 } })
  const [pausing, refused] = [retries.begin(), retries.begin()]
  pausing.start(0)
  refused.start(0)
  t.equal(said(pausing.failed(closed(), 1)), 'pause')
  t.equal(said(refused.failed(closed(), 1)), 'connection_terminated')
  t.equal(refused.denied, 'refused')
  pausing.done(2)
  const third_ = retries.begin()
  third_.start(3)
  t.equal(said(third_.failed(closed(), 4)), 'pause', 'who gave up gave its place back')
})

test('a request that gave up waiting frees its place', async (t) => {
  const lab = labOf({ circuit_breakers: { max_connections: 1, max_pending_requests: 1 } })
  lab.begin().start(0)
  const waiting = lab.begin()
  waiting.start(0)
  t.equal(said(lab.begin().start(0)), 'connection_limit_reached')
  waiting.done(1)
  t.equal(said(lab.begin().start(2)), 'wait')
})

const answer = (lab: Lab, status: number, now: number): number | string => {
  const forward = lab.begin()
  const action = forward.start(now)
  if (action.do !== 'try') return said(action)
  forward.answered(status, true, now)
  forward.done(now, 1)
  return action.server
}

test('who answers badly is ejected, and with too many out all are asked', async (t) => {
  const health = { consecutive_5xx: 2, max_ejection_percent: '100%', base_ejection_time: '10s' } as const
  const lab = labOf({}, 3, health)
  const statuses = [503, 200, 200]
  const round = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => {
      const forward = lab.begin()
      const action = forward.start(from + index)
      if (action.do !== 'try') return said(action)
      forward.answered(statuses[action.server]!, true, from + index)
      forward.done(from + index, 1)
      return action.server
    })
  t.strictSame(round(0, 6), [0, 1, 2, 0, 1, 2])
  t.strictSame(lab.turns, [[0, 'excluded', 'consecutive_5xx, for 10000 ms']])
  t.strictSame(round(10, 4), [1, 2, 1, 2], 'two of three are well: no panic')
  statuses[1] = 503
  round(20, 4)
  t.match(lab.turns[1], [1, 'excluded'])
  t.strictSame([...new Set(round(30, 6))].sort(), [0, 1, 2], 'one of three is well: panic')
  t.strictSame([...new Set(round(20_010, 6))].sort(), [0, 1, 2])
  t.match(lab.turns.slice(2), [
    [0, 'recovered', 'its ejection is over'],
    [1, 'recovered'],
  ])
})

test('panic turned off: with nobody well there is nobody', async (t) => {
  const health = { consecutive_5xx: 1, max_ejection_percent: '100%' } as const
  const lab = labOf({ panic_threshold: '0%' }, 2, health)
  t.strictSame([answer(lab, 503, 0), answer(lab, 503, 1)], [0, 1])
  t.equal(answer(lab, 200, 2), 'destination_unavailable')
})

test('one server alone is ejected too, and asked in panic', async (t) => {
  const lab = labOf({}, 1, { consecutive_5xx: 1 })
  t.equal(answer(lab, 503, 0), 0)
  t.match(lab.turns, [[0, 'excluded']])
  t.equal(answer(lab, 503, 1), 0)
})

test('backups are the second priority: they take what the first one’s health leaves over', async (t) => {
  const lab = labOf({}, [{}, {}, { backup: true }], { consecutive_5xx: 1, max_ejection_percent: '100%' })
  t.strictSame(
    [0, 1, 2].map((now) => answer(lab, 200, now)),
    [0, 1, 0],
  )
  t.equal(answer(lab, 503, 3), 1)
  const asked = Array.from({ length: 400 }, (_, index) => answer(lab, 200, 10 + index))
  const backups = asked.filter((server) => server === 2).length
  t.ok(backups > 80 && backups < 160, `${backups} of 400: 30 % of them`)
  t.notOk(asked.includes(1))
})

test('resets and limits are told as what they are, an overflow not at all', async (t) => {
  const health = { consecutive_5xx: 1 } as const
  const fail = (how: FailedTry) => {
    const lab = labOf({}, 2, health)
    const forward = lab.begin()
    forward.start(0)
    forward.failed(how, 1)
    return lab.turns.length
  }
  t.equal(fail(closed()), 1)
  t.equal(fail(late()), 1)
  t.equal(fail(triedBy('refused', { failure: { ...closed().failure, stage: 'connect', manner: 'refused' } })), 1)
  t.equal(fail(triedBy('internal')), 0)
  const lab = labOf({}, 2, health)
  const forward = lab.begin()
  forward.start(0)
  forward.answered(200, true, 1)
  const body = { type: 'http_response_timeout', stage: 'response_body', manner: 'timeout', details: '' } as const
  forward.failed({ ...closed({ responseBegun: true }), failure: body }, 2)
  t.equal(lab.turns.length, 0, 'a limit within the body says nothing of the server')
  const cut = lab.begin()
  cut.start(3)
  cut.answered(200, true, 4)
  cut.failed(
    { ...closed({ responseBegun: true }), failure: { ...body, type: 'http_response_incomplete', manner: 'closed' } },
    5,
  )
  t.equal(lab.turns.length, 1, 'a reset within it does')
})

test('split, what connected counts as such', async (t) => {
  const split = { split_external_local_origin_errors: true, consecutive_local_origin_failure: 2 }
  const lab = labOf({}, 1, split)
  const tries: FailedTry[] = [
    triedBy('refused', { failure: { type: 'connection_refused', stage: 'connect', manner: 'refused', details: '' } }),
    closed(),
    triedBy('refused', { failure: { type: 'connection_refused', stage: 'connect', manner: 'refused', details: '' } }),
  ]
  for (const how of tries) {
    const forward = lab.begin()
    forward.start(0)
    forward.failed(how, 1)
  }
  t.match(lab.turns, [[0, 'excluded', /^consecutive_local_origin_failure/]], 'the one that connected began a new run')
})

test('a check that passes brings a server back', async (t) => {
  const lab = labOf({}, 2, { consecutive_5xx: 1 })
  answer(lab, 503, 0)
  t.match(lab.turns, [[0, 'excluded']])
  lab.servers[0]!.passive.checkPassed!(5)
  t.match(lab.turns[1], [0, 'recovered'])
  t.ok(lab.servers[0]!.available(6))
})

test('who is down or not in the list is no host', async (t) => {
  const lab = labOf({}, [{}, { down: true }, {}], { consecutive_5xx: 1, max_ejection_percent: '50%' })
  t.equal(answer(lab, 503, 0), 0)
  lab.servers[2]!.leave()
  t.equal(answer(lab, 200, 1), 0, 'none of one is well: panic, and there is only that one')
})
