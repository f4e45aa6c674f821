/** HAProxy's rules for one request: retries, pauses, redispatch, retry-on, backups, queues. Each quotes the rule. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { z } from 'zod'
import { type BalancerConfig, createBalancer } from '../../src/core/proxy/balancers/index.js'
import type { Forward, ForwardAction } from '../../src/core/proxy/forward.js'
import { createForwarding, forwards } from '../../src/core/proxy/forwards/index.js'
import { groupServers } from '../../src/core/proxy/servers.js'
import { chanceFrom } from '../../src/lib/random.js'
import { balancerOf, requestOf, type ServerInput, serverOf, triedBy } from './balanced.js'

type Config = Partial<Omit<z.input<typeof forwards.haproxy.schema>, 'type'>>

function begun(inputs: ServerInput[], config: Config = {}, balance: BalancerConfig['type'] = 'haproxy_roundrobin') {
  const servers = groupServers(inputs.map((input, index) => serverOf(input, index)))
  const chance = chanceFrom(1)
  const begin = createForwarding(forwards.haproxy.schema.parse({ type: 'haproxy', ...config }), {
    config: { nextUpstream: [], tries: 0, timeoutMs: undefined, mayWait: true, tellsLast: true },
    servers,
    balancer: createBalancer(balancerOf(balance), servers, chance),
    balance,
    mayWait: true,
    tellsLast: true,
    connectMs: 5000,
    chance,
  })
  return { begin: (more = {}) => begin(requestOf(more)), servers: servers.all }
}

const refused = triedBy('refused')
const sent = { requestWritten: true }
const words = (action: ForwardAction | undefined) =>
  action?.do === 'try' ? action.server : action?.do === 'pause' ? `pause ${action.ms}` : action?.do

/** All connections are refused: what it does until it answers. */
function course(forward: Forward): (string | number | undefined)[] {
  const told: (string | number | undefined)[] = []
  let action: ForwardAction = forward.start(0)
  while (action.do === 'try' || action.do === 'pause') {
    told.push(words(action))
    action = action.do === 'pause' ? forward.start(0) : forward.failed(refused, 0)
  }
  return told
}

test('retries 3, and a wait of MIN(one second, connect timeout) before the same server', async (t) => {
  t.strictSame(course(begun([{}, {}]).begin()), [0, 'pause 1000', 0, 'pause 1000', 0, 'pause 1000', 0])
  t.strictSame(course(begun([{}], { retries: 1 }).begin()), [0, 'pause 1000', 0])
  t.strictSame(course(begun([{}], { retries: 0 }).begin()), [0])
  t.strictSame(course(begun([{}], { retry_on: 'none' }).begin()), [0])
  t.strictSame(course(begun([{}], { retry_on: [503] }).begin()), [0], 'what is listed replaces conn-failure')
})

test('the wait is only after an asynchronous error, not after a limit, nor on a reused connection', async (t) => {
  const after = (last: Parameters<Forward['failed']>[0]) => {
    const forward = begun([{}]).begin()
    forward.start(0)
    return words(forward.failed(last, 0))
  }
  t.equal(after(triedBy('timeout')), 0)
  t.equal(after(triedBy('refused')), 'pause 1000')
  t.equal(after({ ...triedBy('closed'), reused: true }), 0)
  const failure = { ...triedBy('certificate').failure, certificate_error: 'ERR_TLS_CERT_ALTNAME_INVALID' }
  t.equal(after({ ...triedBy('certificate'), failure }), 'answer', 'a certificate of another name is not tried again')
})

test('redispatch: bare is the last retry only; a hash finds the same server again, and there is no wait', async (t) => {
  const dead = (redispatch: Config['redispatch']) => course(begun([{}, {}], { redispatch }, 'hash').begin())
  const [first] = dead('off')
  const wait = 'pause 1000'
  t.strictSame(dead('off'), [first, wait, first, wait, first, wait, first])
  t.strictSame(dead('on'), [first, wait, first, wait, first, first])
  t.strictSame(dead(-1), [first, wait, first, wait, first, first])
  t.strictSame(dead(2), [first, wait, first, first, wait, first], 'every second retry')
  t.strictSame(dead(1), [first, first, first, first], 'every retry')
})

test('redispatch: away from a server that has gone down', async (t) => {
  for (const redispatch of ['on', 'off'] as const) {
    const { begin, servers } = begun([{}, {}, {}], { redispatch }, 'hash')
    const forward = begin()
    const first = words(forward.start(0)) as number
    servers[first]!.setChecked('down', 0)
    const next = words(forward.failed(refused, 0))
    if (redispatch === 'on') t.ok(typeof next === 'number' && next !== first)
    else t.equal(next, 'pause 1000')
  }
})

test('redispatch: at once, and without a wait, where the balancer is none of hashes and another server is up', async (t) => {
  for (const balance of ['haproxy_roundrobin', 'haproxy_leastconn', 'round_robin', 'random'] as const) {
    const told = course(begun([{}, {}], { redispatch: 'on' }, balance).begin())
    t.notOk(told.includes('pause 1000'), balance)
    for (let n = 1; n < told.length; n++) t.not(told[n], told[n - 1], `${balance}: another one than that which failed`)
    t.equal(told.length, 4)
  }
  t.strictSame(course(begun([{}], { redispatch: 'on', retries: 1 }).begin()), [0, 'pause 1000', 0], 'srv_act <= 1')
})

test('retry-on: each event under its own word, at once, and only for what can be sent again', async (t) => {
  const events = [
    ['empty-response', triedBy('closed', sent)],
    ['empty-response', triedBy('reset', sent)],
    ['junk-response', triedBy('http', sent)],
    ['response-timeout', triedBy('timeout', sent)],
  ] as const
  const all = ['conn-failure', 'empty-response', 'junk-response', 'response-timeout', '0rtt-rejected'] as const
  for (const [event, tried] of events) {
    const last = { ...tried, failure: { ...tried.failure, stage: 'response_head' as const } }
    for (const word of all) {
      const { begin } = begun([{}], { retry_on: [word] })
      const forward = begin()
      forward.start(0)
      t.equal(words(forward.failed(last, 0)), word === event ? 0 : 'answer', `${event} under ${word}`)
      const spent = begin()
      spent.start(0)
      t.equal(words(spent.failed({ ...last, replayable: false }, 0)), 'answer', 'the body is gone')
    }
  }
  const status = (retry_on: Config['retry_on'], code: number) => {
    const forward = begun([{}], { retry_on }).begin()
    forward.start(0)
    return words(forward.answered(code, true, 0))
  }
  t.equal(status([404], 404), 0)
  t.equal(status([404], 503), undefined)
  for (const code of [500, 502, 503, 504]) t.equal(status('all-retryable-errors', code), 0)
  for (const code of [404, 429, 501]) t.equal(status('all-retryable-errors', code), undefined)
})

test('a keep-alive request that failed without a byte of an answer: the client’s connection is closed', async (t) => {
  const after = (later: boolean, manner: 'closed' | 'timeout' | 'http') => {
    const forward = begun([{}]).begin({ later })
    forward.start(0)
    const tried = triedBy(manner, sent)
    return forward.failed({ ...tried, failure: { ...tried.failure, stage: 'response_head' } }, 0).do
  }
  t.equal(after(true, 'closed'), 'close')
  t.equal(after(false, 'closed'), 'answer', 'the first request of a client hears of it')
  t.equal(after(true, 'http'), 'answer', 'an invalid response is told')
  t.equal(after(true, 'timeout'), 'answer', 'and so is a limit that ran out')
})

test('no connection, after a try on a connection that had served before: closed as well (SF_SRV_REUSED)', async (t) => {
  const after = (reused: boolean, last: 'refused' | 'timeout') => {
    const forward = begun([{}, {}], {
      retries: 1,
      retry_on: ['empty-response', 'conn-failure'],
      redispatch: 'on',
    }).begin()
    forward.start(0)
    const lost = triedBy('closed', sent)
    t.equal(words(forward.failed({ ...lost, failure: { ...lost.failure, stage: 'response_head' }, reused }, 0)), 1)
    return words(forward.failed(triedBy(last), 0))
  }
  t.equal(after(true, 'refused'), 'close')
  t.equal(after(false, 'refused'), 'answer', 'both were new')
  t.equal(after(true, 'timeout'), 'answer', 'the limit for connecting')
})

test('backups: only the first, unless all are to be used; none while a server is up', async (t) => {
  const inputs = [{}, { backup: true }, { backup: true }]
  const asked = (config: Config, down: number[]) => {
    const { begin, servers } = begun(inputs, config)
    for (const server of down) servers[server]!.setChecked('down', 0)
    return Array.from({ length: 4 }, () => {
      const forward = begin()
      const told = words(forward.start(0))
      forward.done(0)
      return told
    })
  }
  t.strictSame(asked({}, []), [0, 0, 0, 0])
  t.strictSame(asked({}, [0]), [1, 1, 1, 1])
  t.strictSame(asked({}, [0, 1]), [2, 2, 2, 2])
  t.strictSame(asked({ all_backups: true }, [0]), [1, 2, 1, 2])
  t.strictSame(asked({}, [0, 1, 2]), ['answer', 'answer', 'answer', 'answer'])
})

test('maxconn: who finds no room waits, and gets the place of whoever is done', async (t) => {
  const { begin, servers } = begun([{ max_conns: 1 }, { max_conns: 1 }])
  const [one, two, three, four] = Array.from({ length: 4 }, () => begin()) as [Forward, Forward, Forward, Forward]
  t.strictSame([words(one.start(0)), words(two.start(0))], [0, 1])
  t.strictSame(three.start(0), { do: 'wait', choosy: false })
  two.done(1)
  t.equal(words(four.start(1)), 'wait', 'behind those who wait, though there is room')
  t.equal(words(three.start(1)), 1)
  four.done(2)
  three.done(2)
  one.done(2)
  t.strictSame(
    servers.map(({ conns }) => conns),
    [0, 0],
  )
})

test('maxqueue: of a server that nobody else can stand in for', async (t) => {
  const { begin } = begun(
    [
      { max_conns: 1, max_queue: 1 },
      { max_conns: 1, max_queue: 1 },
    ],
    {},
    'hash',
  )
  const [first, second, third] = Array.from({ length: 3 }, () => begin()) as [Forward, Forward, Forward]
  t.equal(first.start(0).do, 'try')
  t.strictSame(second.start(0), { do: 'wait', choosy: true }, 'the hash means this server and no other')
  t.match(third.start(0), { do: 'answer', failure: { details: 'the queue of the server is full' } })
})

test('whatever fails, every place is given back, and there are no more tries than retries allow', async () => {
  const manners = fc.constantFrom('refused', 'timeout', 'closed', 'http', 'reset')
  const failures = fc.array(fc.tuple(manners, fc.boolean()), { minLength: 12, maxLength: 12 })
  const settings = fc.record({
    retries: fc.integer({ min: 0, max: 5 }),
    redispatch: fc.integer({ min: -3, max: 3 }),
    servers: fc.integer({ min: 1, max: 4 }),
    retry_on: fc.constantFrom<'none' | 'all-retryable-errors'>('none', 'all-retryable-errors'),
  })
  fc.assert(
    fc.property(failures, settings, (failures, { servers: count, ...config }) => {
      const { begin, servers } = begun(
        Array.from({ length: count }, () => ({ max_conns: 1 })),
        config,
      )
      const forward = begin()
      let tries = 0
      let action: ForwardAction = forward.start(0)
      while (action.do === 'try' || action.do === 'pause') {
        if (action.do === 'try') {
          const [manner, written] = failures[tries++]!
          const last = triedBy(manner, { requestWritten: written })
          const stage = written ? 'response_head' : 'connect'
          action = forward.failed({ ...last, failure: { ...last.failure, stage } }, 0)
        } else action = forward.start(0)
        assert.ok(servers.reduce((sum, { conns }) => sum + conns, 0) <= 1, 'one place at a time')
      }
      assert.ok(tries <= config.retries + 1)
      assert.ok(servers.every(({ conns }) => conns === 0))
    }),
  )
})
