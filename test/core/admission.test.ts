/** Each admission by the numbers that its source publishes, and what a list of them comes to. */
import { test } from 'tap'
import { bearing, isThrottling } from '../../src/core/client/bearing.js'
import type { Failure } from '../../src/core/failure.js'
import { chanceFrom } from '../../src/lib/random.js'
import { admissionOf, badGateway, Client, ok, tooMany } from './admitting.js'

const reset: Failure = {
  type: 'connection_terminated',
  stage: 'response_head',
  manner: 'reset',
  details: 'the connection was reset',
}
const notFound = { status: 404 }

test('what the end of an attempt says of the server', async (t) => {
  const says = (outcome: object, good = false, cancelled?: true) => bearing({ outcome, ok: good, cancelled })
  t.equal(says({ status: 200 }, true), 'success')
  t.equal(says({ status: 404 }, true), 'success', 'the policy may take it for one')
  t.equal(says({ status: 404 }), 'refusal')
  for (const status of [408, 425, 429, 500, 502, 503]) t.equal(says({ status }), 'failure', String(status))
  t.equal(says({ status: 200 }), 'failure', 'the policy did not like it')
  t.equal(says({ status: 404, failure: reset }), 'failure', 'cut short')
  t.equal(says({ status: 404, gaveUp: true }), 'failure')
  t.equal(says({}, false, true), 'none')
  t.equal(says({ status: 200 }, true, true), 'none')
  t.ok(isThrottling({ status: 429 }))
  t.ok(isThrottling({ status: 503 }))
  t.ok(isThrottling({ status: 500, retryAfter: '1' }))
  t.notOk(isThrottling({ status: 502 }))
  t.notOk(isThrottling({ status: 503, failure: reset }))
})

test('first attempts pass whatever the budget of retries is', async (t) => {
  const budgets = [
    { type: 'token_bucket', size: 0 },
    { type: 'aws_standard', tokens: 0 },
    'grpc_throttle',
    { type: 'finagle_budget', share: '0%', min: '0/s' },
    { type: 'envoy_budget', percent: '0%', min_retry_concurrency: 0 },
    { type: 'sre_ratio', share: '0%' },
    { type: 'retry_breaker', failures: '0%' },
  ]
  for (const budget of budgets) {
    const client = new Client(budget)
    let passed = 0
    for (let n = 0; n < 50; n++) if (client.first(badGateway)) passed++
    t.equal(passed, 50)
    t.notOk(client.retry(badGateway, ok), JSON.stringify(budget))
    t.notOk(client.begin(client.ask(1, undefined, true)), 'nor a hedge')
  }
})

test('token_bucket: five tokens at first, of which the last is kept; then one retry for ten requests', async (t) => {
  const client = new Client('token_bucket')
  t.equal(client.retries(20, badGateway), 4, 'only while it holds more than 1')
  for (let n = 0; n < 20; n++) client.first(badGateway)
  t.equal(client.retries(20, badGateway), 2, 'twenty starts are two tokens')
  const whole = new Client({ type: 'token_bucket', threshold: 0 })
  t.equal(whole.retries(20, badGateway), 5)
})

test('token_bucket: a deposit on success is none for a failure, and none from a full bucket', async (t) => {
  const client = new Client({ type: 'token_bucket', deposit_on: 'success' })
  t.equal(client.retries(20, badGateway), 4)
  for (let n = 0; n < 100; n++) client.first(badGateway)
  t.equal(client.retries(20, badGateway), 0)
  for (let n = 0; n < 10; n++) client.first(ok)
  t.equal(client.retries(20, badGateway), 1)
  for (let n = 0; n < 1000; n++) client.first(ok)
  t.equal(client.retries(20, badGateway), 4)
})

test('aws_standard: 500 tokens are 50 retries after failures, or 100 after throttling; 35 with the costs of 2026', async (t) => {
  const passed = (costs: number, after: object) => new Client({ type: 'aws_standard', costs }).retries(200, after)
  t.equal(passed(2025, badGateway), 50)
  t.equal(passed(2025, { failure: reset }), 50)
  t.equal(passed(2025, { status: 500 }), 50)
  t.equal(passed(2025, tooMany), 100)
  t.equal(passed(2026, badGateway), 35)
  t.equal(passed(2026, { failure: reset }), 35)
  t.equal(passed(2026, tooMany), 100)
})

test('aws_standard: in a total outage of requests of three attempts, 50 retries and then none', async (t) => {
  const client = new Client('aws_standard')
  let retries = 0
  for (let n = 0; n < 1000; n++) retries += client.request(3, () => badGateway) - 1
  t.equal(retries, 50)
})

test('aws_standard: a retry that succeeds gives back what it took, a first attempt one token', async (t) => {
  const client = new Client('aws_standard')
  for (let n = 0; n < 1000; n++)
    t.equal(
      client.request(2, (n) => (n === 1 ? badGateway : ok)),
      2,
    )
  t.equal(client.retries(100, badGateway), 50, 'it is still full')
  for (let n = 0; n < 9; n++) client.first(ok)
  t.equal(client.retries(1, badGateway), 0, 'nine are not enough')
  client.first(ok)
  t.equal(client.retries(2, badGateway), 1)
})

test('aws_standard: of several retries, only what the last one took comes back', async (t) => {
  const client = new Client({ type: 'aws_standard', tokens: 40 })
  t.equal(
    client.request(3, (n) => (n < 3 ? badGateway : ok)),
    3,
    '40 - 10 - 10 + 10',
  )
  t.equal(client.retries(10, badGateway), 3)
})

test('aws_adaptive: no attempt waits before the first 429; then the fill rates of the specification', async (t) => {
  // smithy-typescript, DefaultRateLimiter.spec.ts: throttled?, second, fill rate (0 where it is not yet in force).
  const table: [boolean, number, number][] = [
    [false, 0.2, 0],
    [false, 0.4, 0],
    [false, 0.6, 0],
    [false, 0.8, 0],
    [false, 1, 0],
    [false, 1.2, 0],
    [false, 1.4, 0],
    [false, 1.6, 0],
    [false, 1.8, 0],
    [true, 2, 3.02848],
    [false, 2.2, 3.486639],
    [false, 2.4, 3.821874],
    [false, 2.6, 4.053386],
    [false, 2.8, 4.200373],
    [false, 3, 4.282037],
    [true, 3.2, 2.997426],
    [false, 3.4, 3.452226],
  ]
  const client = new Client('aws_adaptive')
  const delay = () => {
    const granted = client.admission.admit(client.ask(1))
    return granted.admit ? (granted.after_ms ?? 0) : Number.NaN
  }
  for (const [throttled, second, fill] of table) {
    client.now = second * 1000
    client.end(client.ask(1), throttled ? tooMany : ok)
    // Two that come at once are one refill apart.
    for (let n = 0; n < 10; n++) delay()
    const apart = delay() - delay()
    t.equal(apart === 0 ? 0 : Number((-1000 / apart).toFixed(6)), fill, `at ${second} s`)
  }
})

test('aws_adaptive: the first attempt after a 429 waits as in the specification', async (t) => {
  for (const [second, expected] of [
    [0.5, 892.857],
    [1, 1785.714],
    [2, 2000],
  ] as const) {
    const client = new Client('aws_adaptive')
    client.now = second * 1000
    client.end(client.ask(1), tooMany)
    const granted = client.admission.admit(client.ask(1))
    t.equal(granted.admit && granted.after_ms?.toFixed(3), expected.toFixed(3))
  }
})

test('aws_adaptive: a total outage costs it the same 50 retries, and failures that are no throttling no delay', async (t) => {
  const client = new Client('aws_adaptive')
  t.equal(client.retries(100, badGateway), 50)
  t.strictSame(client.admission.admit(client.ask(1)), { admit: true })
})

test('grpc_throttle: from a full bucket of ten, a total outage gets exactly four retries', async (t) => {
  t.equal(
    new Client('grpc_throttle').request(100, () => badGateway),
    5,
    'of one request',
  )
  const together = new Client('grpc_throttle')
  const asks = Array.from({ length: 100 }, () => together.begin(together.ask(1))!)
  let allowed = 0
  for (const ask of asks) {
    together.end(ask, badGateway)
    if (together.begin(together.ask(2, badGateway))) allowed++
  }
  t.equal(allowed, 4, 'of many at once')
  const inTurn = new Client('grpc_throttle')
  let sent = 0
  for (let n = 0; n < 100; n++) sent += inTurn.request(2, () => badGateway)
  t.equal(sent, 102, 'of one after the other with two attempts each: what the retries lose counts too')
})

test('grpc_throttle: 51 to 60 successes turn retries on again after it was empty', async (t) => {
  const client = new Client('grpc_throttle')
  for (let n = 0; n < 50; n++) client.first(badGateway)
  let successes = 0
  while (!client.begin(client.ask(2, badGateway))) {
    client.first(ok)
    successes++
  }
  t.equal(successes, 51, 'to decide on a retry: more than half')
  const another = new Client('grpc_throttle')
  for (let n = 0; n < 50; n++) another.first(badGateway)
  for (let n = 0; n < 60; n++) another.first(ok)
  t.equal(
    another.request(2, (n) => (n === 1 ? badGateway : ok)),
    1,
    'the failure itself takes one: 60 leave just half',
  )
  another.first(ok)
  for (let n = 0; n < 10; n++) another.first(ok)
  t.equal(
    another.request(2, (n) => (n === 1 ? badGateway : ok)),
    2,
  )
})

test('grpc_throttle: it throttles from a share of failures of r / (1 + r) on, 9.1 % for a ratio of 0.1', async (t) => {
  const throttled = (every: number): boolean => {
    const client = new Client('grpc_throttle')
    for (let n = 1; n <= 20_000; n++) client.first(n % every === 0 ? badGateway : ok)
    return client.begin(client.ask(2, badGateway)) === undefined
  }
  t.notOk(throttled(12), '8.3 %')
  t.notOk(throttled(11), '9.1 % balances')
  t.ok(throttled(10), '10 %')
})

test('grpc_throttle: a 4xx neither takes nor gives', async (t) => {
  const client = new Client('grpc_throttle')
  for (let n = 0; n < 100; n++) client.first(notFound)
  t.ok(client.begin(client.ask(2)))
  for (let n = 0; n < 50; n++) client.first(badGateway)
  for (let n = 0; n < 100; n++) client.first(notFound)
  t.notOk(client.begin(client.ask(2)))
})

test('finagle_budget: a cold client may send 100 retries at once, and again when ten seconds have passed', async (t) => {
  const client = new Client('finagle_budget')
  t.equal(client.retries(1000, badGateway), 100)
  client.now = 8900
  t.equal(client.retries(1000, badGateway), 0)
  client.now = 10_000
  t.equal(client.retries(1000, badGateway), 100)
})

test('finagle_budget: a fifth of the requests beside, which are forgotten as well', async (t) => {
  const client = new Client('finagle_budget')
  for (let n = 0; n < 100; n++) client.first(badGateway)
  t.equal(client.retries(1000, badGateway), 120)
  client.now = 10_000
  for (let n = 0; n < 50; n++) client.first(badGateway)
  t.equal(client.retries(1000, badGateway), 110)
  const busy = new Client({ type: 'finagle_budget', min: '0/s' })
  let retries = 0
  for (let n = 0; n < 10_000; n++) {
    busy.now = n * 10
    retries += busy.request(2, () => badGateway) - 1
  }
  t.equal(retries, 2000)
  const reserve = new Client({ type: 'finagle_budget', share: '0%' })
  for (let n = 0; n < 100; n++) reserve.first(badGateway)
  t.equal(reserve.retries(1000, badGateway), 100)
})

test('envoy_budget: three retries under way, or a fifth of all attempts under way', async (t) => {
  const underWay = (first: number) => {
    const client = new Client('envoy_budget')
    for (let n = 0; n < first; n++) client.begin(client.ask(1))
    const retries = Array.from({ length: 100 }, () => client.begin(client.ask(2, badGateway))).filter(Boolean)
    return { client, retries }
  }
  t.equal(underWay(0).retries.length, 3)
  t.equal(underWay(12).retries.length, 3)
  // Retries are under way themselves: r < floor(0.2 (100 + r)) holds up to 23.
  const { client, retries } = underWay(100)
  t.equal(retries.length, 24)
  t.notOk(client.begin(client.ask(2)))
  client.end(retries[0]!, badGateway)
  t.ok(client.begin(client.ask(2)), 'it bounds how many there are at once, not how many there are')
})

test('sre_ratio: in a total outage the load is 1.1 times that of the requests, not 3 times', async (t) => {
  const client = new Client('sre_ratio')
  let sent = 0
  const requests = 20_000
  for (let n = 0; n < requests; n++) {
    client.now = n * 10
    sent += client.request(3, () => badGateway)
  }
  const load = sent / requests
  t.ok(load > 1.1 && load < 1.115, `load ${load}: one of ten attempts is a retry`)
  client.now += 120_000
  t.equal(
    client.request(3, () => badGateway),
    2,
    'after two quiet minutes it knows nothing any more',
  )
})

test('sre_throttling: in a total outage the n-th attempt is refused with a probability of R / (R + 1)', async (t) => {
  const admits = (before: number, draw: number) => {
    const client = new Client('sre_throttling')
    for (let n = 0; n < before; n++) client.first(badGateway)
    client.draw = draw
    return client.begin(client.ask(1)) !== undefined
  }
  t.ok(admits(0, 0), 'none at first')
  for (const before of [1, 2, 3, 9, 99]) {
    t.ok(admits(before, before / (before + 1)), `${before} before`)
    t.notOk(admits(before, before / (before + 1) - 1e-9), `${before} before`)
  }
})

test('sre_throttling: in an outage about one attempt in two minutes is sent, whatever the demand is', async (t) => {
  const chance = chanceFrom(7)
  for (const perSecond of [5, 50]) {
    const client = new Client('sre_throttling')
    let sent = 0
    for (let n = 0; n < 2400 * perSecond; n++) {
      client.now = (n * 1000) / perSecond
      client.draw = chance.at('sre', String(perSecond), n)
      if (client.first(badGateway) && client.now > 240_000) sent++
    }
    // 18 windows of 2 minutes.
    t.ok(sent >= 8 && sent <= 30, `${sent} at ${perSecond}/s`)
  }
})

test('sre_throttling: a server that takes a half is asked for all, one that takes a quarter for twice that', async (t) => {
  const chance = chanceFrom(3)
  const share = (accepts: number, k: number) => {
    const client = new Client({ type: 'sre_throttling', k })
    let sent = 0
    for (let n = 0; n < 24_000; n++) {
      client.now = n * 20
      client.draw = chance.at('admit', String(k), n)
      // What it takes is a share of the demand.
      if (client.first(n % 100 < accepts * 100 ? ok : { status: 503 }) && n >= 12_000) sent++
    }
    return sent / 12_000
  }
  t.equal(share(0.5, 2), 1)
  t.ok(share(0.25, 2) < 1)
  t.ok(share(0.25, 1.1) < share(0.25, 2), 'a lower k asks for less')
  const refused = new Client('sre_throttling')
  refused.draw = 0.01
  let accepted = 0
  for (let n = 0; n < 100; n++) if (refused.first(notFound)) accepted++
  t.equal(accepted, 100, 'a 4xx of its own fault is accepted')
})

test('circuit_breaker: closed, open, half-open, closed', async (t) => {
  const client = new Client({ type: 'circuit_breaker', minimum: 4, open: '1s', probes: 2 })
  for (const outcome of [ok, badGateway, badGateway]) t.ok(client.first(outcome), 'of fewer it judges nothing')
  const late = client.begin(client.ask(1))!
  t.ok(client.first(ok))
  t.notOk(client.first(ok), 'half of four failed')
  client.now = 999.9
  t.notOk(client.first(ok))
  client.end(late, badGateway)
  client.now = 1000
  const probes = [client.begin(client.ask(1))!, client.begin(client.ask(3, badGateway))!]
  t.notOk(client.first(ok), 'no more than the probes')
  client.end(probes[0]!, ok)
  t.notOk(client.first(ok), 'all of them must come back')
  client.now = 1500
  client.end(probes[1]!, badGateway)
  client.now = 2499
  t.notOk(client.first(ok), 'open again, for as long')
  client.now = 2500
  t.ok(client.first(ok))
  t.ok(client.first(notFound), 'a refusal shows that it works')
  for (const outcome of [badGateway, badGateway, badGateway])
    t.ok(client.first(outcome), 'closed, with nothing held against it')
})

test('circuit_breaker: a probe that was cancelled is made up for', async (t) => {
  const client = new Client({ type: 'circuit_breaker', minimum: 1, open: '1s' })
  client.first(badGateway)
  client.now = 1000
  const probe = client.begin(client.ask(1))!
  t.notOk(client.first(ok))
  client.end(probe, {}, true)
  t.ok(client.first(ok))
  t.ok(client.first(ok), 'and it is closed')
})

test('circuit_breaker: by the last so many attempts, or by those of the last so long', async (t) => {
  const byCount = new Client({ type: 'circuit_breaker', window: 10, failures: '50%' })
  for (let n = 0; n < 5; n++) t.ok(byCount.first(ok))
  for (let n = 0; n < 4; n++) t.ok(byCount.first(badGateway))
  t.ok(byCount.first(ok), 'the window is full; the minimum is no more than it holds')
  t.ok(byCount.first(badGateway), 'an old success made room: five of ten')
  t.notOk(byCount.first(ok))
  const byTime = new Client({ type: 'circuit_breaker', window: '10s', minimum: 5 })
  for (let n = 0; n < 4; n++) t.ok(byTime.first(badGateway))
  byTime.now = 10_000
  for (let n = 0; n < 4; n++) t.ok(byTime.first(badGateway), 'the first four are forgotten')
  t.ok(byTime.first(badGateway))
  t.notOk(byTime.first(ok))
})

test('circuit_breaker: what was sent before it opened counts for nothing once it has closed again', async (t) => {
  const client = new Client({ type: 'circuit_breaker', minimum: 1, open: '1s' })
  const old = client.begin(client.ask(1))!
  client.first(badGateway)
  client.now = 1000
  t.ok(client.first(ok))
  client.end(old, badGateway)
  t.ok(client.first(ok))
})

test('retry_breaker: no retries above the share of failures, whatever came of the retries', async (t) => {
  const client = new Client('retry_breaker')
  t.equal(
    client.request(4, () => badGateway),
    1,
    'one of one',
  )
  for (let n = 0; n < 18; n++) client.first(ok)
  t.equal(
    client.request(4, () => badGateway),
    2,
    'two of twenty, then three',
  )
  for (let n = 0; n < 100; n++) client.first(ok)
  t.equal(
    client.request(4, () => badGateway),
    4,
  )
})

test('a list: all must agree, the first that does not is the reason, and then nobody takes anything', async (t) => {
  const bucket = { type: 'token_bucket', size: 2, deposit: 0, threshold: 0 }
  const client = new Client(bucket, { type: 'grpc_throttle', max_tokens: 2, token_ratio: 2 })
  for (let n = 0; n < 5; n++) client.first(badGateway)
  for (let n = 0; n < 5; n++)
    t.strictSame(client.admission.admit(client.ask(2)), { admit: false, why: 'grpc_throttle' })
  for (let n = 0; n < 5; n++) client.first(ok)
  t.ok(client.begin(client.ask(2)))
  t.ok(client.begin(client.ask(2)), 'both tokens are still there')
  t.strictSame(client.admission.admit(client.ask(2)), { admit: false, why: 'token_bucket' })
  for (let n = 0; n < 5; n++) client.first(badGateway)
  t.strictSame(client.admission.admit(client.ask(2)), { admit: false, why: 'token_bucket' }, 'in their order')
})

test('a list: an attempt that another refused is still one that was asked for, to sre_throttling', async (t) => {
  const client = new Client({ type: 'token_bucket', size: 0 }, 'sre_throttling')
  for (let n = 0; n < 99; n++) client.begin(client.ask(2))
  client.draw = 0.98
  t.notOk(client.begin(client.ask(1)))
})

test('no admission at all admits all', async (t) => {
  t.strictSame(admissionOf().admit({ n: 7, hedge: true, now_ms: 0, draw: 0 }), { admit: true })
})
