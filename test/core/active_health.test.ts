/** Active health: every transition as a table, the delays, what a check's answer means, and two invariants. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { z } from 'zod'
import {
  type ActiveHealth,
  afterCheck,
  type Checked,
  initialHealth,
  untilNextCheck,
  whyTurned,
} from '../../src/core/proxy/active_health.js'
import {
  type CheckVerdict,
  checkResults,
  type HealthCheckConfig,
  healthChecks,
  judgeCheck,
  schemeOf,
} from '../../src/core/proxy/health_checks/index.js'
import { Server, serverSchema } from '../../src/core/proxy/server.js'
import { chanceFrom } from '../../src/lib/random.js'
import { failedAt } from './balanced.js'

type Result = CheckVerdict['result']

const up = (failures = 0): ActiveHealth => ({ state: 'up', failures })
const draining = (failures = 0): ActiveHealth => ({ state: 'draining', failures })
const down = (successes = 0): ActiveHealth => ({ state: 'down', successes })

const transitions: [from: ActiveHealth, result: Result, to: ActiveHealth][] = [
  [up(), 'passed', up()],
  [up(), 'failed', up(1)],
  [up(1), 'failed', up(2)],
  [up(2), 'failed', down()],
  [up(2), 'passed', up()],
  [up(2), 'drain', draining()],
  [up(), 'drain', draining()],
  [draining(), 'drain', draining()],
  [draining(2), 'drain', draining()],
  [draining(), 'passed', up()],
  [draining(2), 'passed', up()],
  [draining(), 'failed', draining(1)],
  [draining(2), 'failed', down()],
  [down(), 'failed', down()],
  [down(), 'passed', down(1)],
  [down(1), 'passed', up()],
  [down(1), 'failed', down()],
  [down(), 'drain', down()],
  [down(1), 'drain', down()],
]

test('every state and result has its transition', async (t) => {
  for (const [from, result, to] of transitions) {
    t.same(afterCheck(from, result, { rise: 2, fall: 3 }), to, `${JSON.stringify(from)} ${result}`)
  }
  for (const state of ['up', 'draining', 'down']) {
    const told = new Set(transitions.filter(([from]) => from.state === state).map(([, result]) => result))
    t.equal(told.size, checkResults.length, state)
  }
  t.same(afterCheck(up(), 'failed', { rise: 1, fall: 1 }), down(), 'the first one that fails')
  t.same(afterCheck(down(), 'passed', { rise: 1, fall: 1 }), up(), 'the first one that passes')
  t.same(initialHealth({ initial: 'up', fall: 3 }), up())
  t.same(initialHealth({ initial: 'down', fall: 3 }), down())
  const barely = initialHealth({ initial: 'barely_up', fall: 3 })
  t.same(afterCheck(barely, 'failed', { rise: 2, fall: 3 }), down(), 'HAProxy: up, and down with the first that fails')
  t.same(afterCheck(barely, 'passed', { rise: 2, fall: 3 }), up(), 'one that passed makes it fully up')
})

test('between checks: the interval, the fast one while it is about to change, jitter around either', async (t) => {
  const plain = { interval: 1000, fast_interval: undefined, jitter: 0 }
  t.equal(untilNextCheck(down(), { ...plain, down_interval: 5000 }, 0), 5000, 'HAProxy: downinter')
  t.equal(untilNextCheck(down(1), { ...plain, down_interval: 5000 }, 0), 1000)
  t.equal(untilNextCheck(up(), { ...plain, down_interval: 5000 }, 0), 1000)
  const fast = { interval: 1000, fast_interval: 100, jitter: 0 }
  for (const settled of [up(), draining(), down()]) {
    t.equal(untilNextCheck(settled, plain, 0.3), 1000)
    t.equal(untilNextCheck(settled, fast, 0.3), 1000)
  }
  for (const changing of [up(1), draining(2), down(1)]) {
    t.equal(untilNextCheck(changing, plain, 0.3), 1000)
    t.equal(untilNextCheck(changing, fast, 0.3), 100)
  }
  t.equal(untilNextCheck(up(), { ...fast, jitter: 0.2 }, 0), 800)
  t.equal(untilNextCheck(up(), { ...fast, jitter: 0.2 }, 0.5), 1000)
  t.equal(untilNextCheck(up(1), { ...fast, jitter: 0.5 }, 0.75), 125)
  const chance = chanceFrom(42)
  const draws = Array.from({ length: 1000 }, (_, n) => chance.at('health_check', 'lb->app', n))
  const delays = draws.map((draw) => untilNextCheck(up(), { ...plain, jitter: 0.5 }, draw))
  t.ok(Math.min(...delays) >= 500 && Math.max(...delays) < 1500, 'never out of its share')
  t.ok(Math.min(...delays) < 550 && Math.max(...delays) > 1450, 'and all of it is used')
})

const http = (input: Partial<z.input<typeof healthChecks.http.schema>> = {}): HealthCheckConfig =>
  healthChecks.http.schema.parse({ type: 'http', ...input })

const answers: [config: HealthCheckConfig, status: number, body: string, verdict: CheckVerdict][] = [
  [http(), 200, '', { result: 'passed' }],
  [http(), 399, '', { result: 'passed' }],
  [http(), 400, '', { result: 'failed', why: 'status 400' }],
  [http(), 503, 'healthy', { result: 'failed', why: 'status 503' }],
  [http({ expected_statuses: 204 }), 204, '', { result: 'passed' }],
  [http({ expected_statuses: 204 }), 200, '', { result: 'failed', why: 'status 200' }],
  [http({ expected_statuses: '500-503' }), 503, '', { result: 'passed' }],
  [http({ expected_statuses: '500-503' }), 504, '', { result: 'failed', why: 'status 504' }],
  [http({ expected_statuses: [200, '401-403'] }), 402, '', { result: 'passed' }],
  [http({ expected_statuses: [200, '401-403'] }), 201, '', { result: 'failed', why: 'status 201' }],
  [http({ expected_body: 'ready' }), 200, 'all is ready\n', { result: 'passed' }],
  [http({ expected_body: 'ready' }), 200, 'starting', { result: 'failed', why: 'without the expected text' }],
  [http({ expected_body: 'ready' }), 500, 'ready', { result: 'failed', why: 'status 500' }],
  [http({ drain_statuses: 404 }), 404, '', { result: 'drain', why: 'status 404' }],
  [http({ drain_statuses: [200, 404] }), 200, '', { result: 'drain', why: 'status 200' }],
  [http({ drain_statuses: 404, expected_body: 'x' }), 404, '', { result: 'drain', why: 'status 404' }],
]

test('what an answer means: status, text, drain', async (t) => {
  for (const [config, status, body, verdict] of answers) {
    t.same(judgeCheck(config, { status, body }, undefined), verdict, `${JSON.stringify(config)} ${status}`)
  }
  const failure = { details: 'connection reset within the response body' }
  t.same(judgeCheck(http(), { status: 200, body: 'half' }, failure), { result: 'failed', why: failure.details })
  t.same(judgeCheck(http(), {}, undefined), { result: 'failed', why: 'no status' })
  for (const type of ['tcp', 'tls'] as const) {
    const config = healthChecks[type].schema.parse({ type })
    t.same(judgeCheck(config, {}, undefined), { result: 'passed' })
    t.same(judgeCheck(config, {}, failure), { result: 'failed', why: failure.details })
  }
})

test('the defaults are HAProxy’s, and each kind says what to speak', async (t) => {
  t.match(http(), { interval: 2000, rise: 2, fall: 3, jitter: 0, initial: 'up', path: '/health' })
  t.equal(schemeOf(http()), undefined)
  t.equal(schemeOf(healthChecks.tcp.schema.parse({ type: 'tcp' })), 'http')
  t.equal(schemeOf(healthChecks.tls.schema.parse({ type: 'tls' })), 'https')
})

test('a turn says why', async (t) => {
  const verdict: CheckVerdict = { result: 'failed', why: 'connection refused' }
  const rows: [to: Checked, from: Checked, limits: { rise: number; fall: number }, why: string][] = [
    ['down', 'up', { rise: 2, fall: 3 }, '3 checks in a row failed: connection refused'],
    ['down', 'draining', { rise: 2, fall: 1 }, 'a check failed: connection refused'],
    ['up', 'down', { rise: 2, fall: 3 }, '2 checks in a row passed'],
    ['up', 'down', { rise: 1, fall: 3 }, 'a check passed'],
    ['up', 'draining', { rise: 2, fall: 3 }, 'a check passed'],
    ['draining', 'up', { rise: 2, fall: 3 }, 'a check was answered with connection refused: no new requests'],
  ]
  for (const [to, from, limits, why] of rows) t.equal(whyTurned(to, from, verdict, limits), why)
})

test('never up before so many passed in a row, never down before so many failed in a row', async () => {
  const results = fc.array(fc.constantFrom<Result>(...checkResults, 'failed', 'passed'), { maxLength: 60 })
  const count = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(results, count, count, fc.constantFrom('up' as const, 'down' as const), (all, rise, fall, initial) => {
      let health = initialHealth({ initial, fall })
      let run: { result: Result; length: number } = { result: 'drain', length: 0 }
      for (const result of all) {
        const before = health.state
        health = afterCheck(health, result, { rise, fall })
        run = { result, length: run.result === result ? run.length + 1 : 1 }
        const enough = (wanted: Result, count: number) => run.result === wanted && run.length >= count
        const { state }: { state: Checked } = health
        if (before === 'down' && state !== 'down') assert.equal([state, enough('passed', rise)].join(), 'up,true')
        if (before !== 'down' && state === 'down') assert.equal(enough('failed', fall), true)
        if (enough('failed', fall)) assert.equal(state, 'down')
        if (enough('passed', rise)) assert.equal(state, 'up')
        if (state === 'draining') assert.notEqual(result, 'passed')
      }
    }),
  )
})

test('a server takes requests only while it is up; what requests met is not forgiven by a check', async (t) => {
  const server = new Server(0, 'app:1', serverSchema.parse({ max_fails: 1, fail_timeout: '10s', slow_start: '1s' }))
  for (const state of ['down', 'draining'] as const) {
    server.setChecked(state, 0)
    t.notOk(server.available(0), state)
  }
  server.setChecked('up', 0)
  t.ok(server.available(0))
  t.ok(server.share(100) < 0.2, 'its weight grows')
  t.equal(server.share(1000), 1)
  server.setChecked('up', 2000)
  t.equal(server.share(2100), 1, 'up again is no recovery')
  failedAt(server, 3000)
  server.setChecked('down', 3100)
  server.setChecked('up', 3200)
  t.notOk(server.available(3300), 'still excluded')
})
