/** What a proxy decides for one request beside the first choice: statuses, tries, time, waiting, backups, the free try. */
import { test } from 'tap'
import type { NextUpstreamCondition } from '../../src/core/proxy/forward.js'
import { createForward, type ForwardConfig } from '../../src/core/proxy/forwards/nginx.js'
import { balancedOf, balancerOf, firstOf, requestOf, triedBy } from './balanced.js'

const STATUSES = [500, 502, 503, 504, 403, 404, 429]
const conditionOf = (status: number) => `http_${status}` as NextUpstreamCondition

function forwardOf(config: Partial<ForwardConfig>, { servers = 2, method = 'GET' } = {}) {
  const shared = balancedOf(
    Array.from({ length: servers }, () => ({ max_fails: 1 })),
    { config },
  )
  const forward = createForward(shared, requestOf({ method }))
  forward.start(0)
  return { forward, servers: shared.servers.all }
}

test('a status moves a request on under its own condition, and counts but for 403 and 404', async (t) => {
  for (const status of [...STATUSES, 200, 301, 400, 401, 501, 505]) {
    for (const condition of STATUSES) {
      const { forward, servers } = forwardOf({ nextUpstream: [conditionOf(condition)] })
      const action = forward.answered(status, true, 0)
      t.strictSame(action, status === condition ? { do: 'try', server: 1 } : undefined, `${status} under ${condition}`)
      const counts = status === condition && status !== 403 && status !== 404
      t.equal(servers[0]!.fails, counts ? 1 : 0, `${status} under ${condition}: held against it`)
      t.equal(forward.turned, counts ? 'excluded' : undefined)
    }
  }
})

test('a status passes when nobody is left to be asked, and is no failure then', async (t) => {
  const nextUpstream = ['http_503'] as const
  const { forward, servers } = forwardOf({ nextUpstream })
  t.strictSame(forward.answered(503, true, 0), { do: 'try', server: 1 })
  t.equal(forward.answered(503, true, 0), undefined)
  forward.done(0)
  t.strictSame(
    servers.map(({ fails }) => fails),
    [1, 0],
  )
  t.equal(forwardOf({ nextUpstream, tries: 1 }).forward.answered(503, true, 0), undefined, 'one try')
  t.equal(forwardOf({ nextUpstream }, { servers: 1 }).forward.answered(503, true, 0), undefined, 'one server')
})

test('a status moves on only what can be sent again', async (t) => {
  const move = (config: Partial<ForwardConfig>, method: string, replayable = true) =>
    forwardOf({ nextUpstream: ['http_503'], ...config }, { method }).forward.answered(503, replayable, 0)
  t.same(move({}, 'GET'), { do: 'try', server: 1 })
  t.equal(move({}, 'GET', false), undefined, 'the body is gone')
  for (const method of ['POST', 'LOCK', 'PATCH']) {
    t.equal(move({}, method), undefined, method)
    t.same(move({ nextUpstream: ['http_503', 'non_idempotent'] }, method), { do: 'try', server: 1 }, method)
  }
})

test('non_idempotent moves on what the server may have seen', async (t) => {
  const move = (nextUpstream: NextUpstreamCondition[]) =>
    forwardOf({ nextUpstream }, { method: 'POST' }).forward.failed(triedBy('reset', { requestWritten: true }), 0).do
  t.equal(move(['error']), 'answer')
  t.equal(move(['error', 'non_idempotent']), 'try')
  t.equal(move(['non_idempotent']), 'answer', 'alone it is no condition')
})

test('after next_upstream_timeout a request moves on no more', async (t) => {
  const at = (now: number) => {
    const { forward } = forwardOf({ timeoutMs: 100, nextUpstream: ['error', 'http_503'] })
    return [
      forward.failed(triedBy('refused'), now).do,
      forwardOf({ timeoutMs: 100, nextUpstream: ['http_503'] }).forward.answered(503, true, now)?.do,
    ]
  }
  t.strictSame(at(99), ['try', 'try'])
  t.strictSame(at(100), ['answer', undefined])
})

test('every failure counts, whether or not the request moves on for it', async (t) => {
  for (const manner of ['refused', 'reset', 'timeout', 'http'] as const) {
    const { forward, servers } = forwardOf({ nextUpstream: [] })
    forward.failed(triedBy(manner), 0)
    t.equal(servers[0]!.fails, 1, manner)
    t.equal(forward.turned, 'excluded')
  }
  const ours = forwardOf({ nextUpstream: [] })
  ours.forward.failed(triedBy('internal'), 0)
  t.equal(ours.servers[0]!.fails, 0, 'what is our own fault does not')
})

test('a response that breaks off is not held against the server', async (t) => {
  const { forward, servers } = forwardOf({})
  t.equal(forward.failed(triedBy('reset', { responseBegun: true }), 0).do, 'cut')
  t.equal(servers[0]!.fails, 0)
  t.equal(servers[0]!.conns, 0)
})

test('the free try: lost on a connection that had served before, one more than tries allow', async (t) => {
  const lost = triedBy('reset', { requestWritten: true, reused: true })
  const course = (config: Partial<ForwardConfig>, servers: number, last = lost, method = 'GET') => {
    const { forward } = forwardOf(config, { servers, method })
    const actions = [forward.failed(last, 0), forward.failed({ ...last, reused: false }, 0)]
    return actions.map((action) => (action.do === 'try' ? action.server : action.do))
  }
  t.strictSame(course({}, 1), [0, 'answer'], 'the only server again')
  t.strictSame(course({ tries: 1 }, 3), [1, 'answer'])
  t.strictSame(course({ tries: 1 }, 3, triedBy('reset', { requestWritten: true })), ['answer', 'answer'])
  t.strictSame(course({}, 1, lost, 'POST'), ['answer', 'answer'], 'POST is not sent again')
  t.strictSame(course({ nextUpstream: [] }, 1), ['answer', 'answer'], 'nor is anything without error')
  t.strictSame(course({}, 1, { ...lost, replayable: false }), ['answer', 'answer'])
  t.strictSame(course({}, 1, triedBy('timeout', { reused: true })), ['answer', 'answer'], 'silence is no such loss')
})

test('backups: only when no primary may be asked, and then for the rest of the request', async (t) => {
  const inputs = [{ max_fails: 1, fail_timeout: '10ms' }, { backup: true }, { backup: true }]
  const shared = balancedOf(inputs)
  const one = createForward(shared, requestOf())
  t.strictSame(one.start(0), { do: 'try', server: 0 })
  t.strictSame(one.failed(triedBy('refused'), 0), { do: 'try', server: 1 })
  t.strictSame(one.failed(triedBy('refused'), 20), { do: 'try', server: 2 })
  one.done(20)
  t.not(firstOf(createForward(shared, requestOf()), 5), 0, 'the primary is excluded')
  t.equal(firstOf(createForward(shared, requestOf()), 20), 0)
})

test('no server: each reason has its own failure', async (t) => {
  const failureOf = (inputs: Parameters<typeof balancedOf>[0], before = 0) => {
    const shared = balancedOf(inputs)
    for (let n = 0; n < before; n++) createForward(shared, requestOf()).start(0)
    const action = createForward(shared, requestOf()).start(0)
    return action.do === 'answer' && [action.failure.type, action.failure.stage]
  }
  t.strictSame(failureOf([{ down: true }, { down: true }]), ['destination_unavailable', 'select'])
  t.strictSame(failureOf([{ down: true }]), ['destination_unavailable', 'select'], 'the only one')
  t.strictSame(failureOf([{ max_conns: 1 }, { max_conns: 1 }], 2), ['connection_limit_reached', 'select'])
  t.strictSame(failureOf([{ max_conns: 1 }], 1), ['connection_limit_reached', 'select'], 'the only one')
  t.strictSame(failureOf([{ max_conns: 1 }, { down: true }], 1), ['connection_limit_reached', 'select'])
})

test('a request waits for room, and then has the choice of the first one again', async (t) => {
  const inputs = [{ max_conns: 1 }, { max_conns: 1, backup: true }]
  const shared = balancedOf(inputs, { config: { mayWait: true } })
  const open = [0, 1].map(() => createForward(shared, requestOf()))
  t.strictSame(
    open.map((forward) => firstOf(forward)),
    [0, 1],
  )
  const waiting = createForward(shared, requestOf())
  t.strictSame(waiting.start(0), { do: 'wait', choosy: false })
  t.strictSame(waiting.start(5), { do: 'wait', choosy: false })
  open[0]!.done(6)
  t.strictSame(waiting.start(6), { do: 'try', server: 0 }, 'not the backup')
})

test('a request that has failed somewhere waits for another server only', async (t) => {
  for (const type of ['round_robin', 'least_conn', 'hash', 'consistent_hash'] as const) {
    const shared = balancedOf([{}, { max_conns: 1 }], { balance: balancerOf(type), config: { mayWait: true } })
    const [, other] = shared.servers.all
    other!.conns = 1
    const forward = createForward(shared, requestOf())
    t.equal(firstOf(forward), 0, type)
    t.strictSame(forward.failed(triedBy('refused'), 0), { do: 'wait', choosy: true })
    t.strictSame(forward.start(1), { do: 'wait', choosy: true })
    other!.conns = 0
    t.strictSame(forward.start(2), { do: 'try', server: 1 })
  }
})

test('nobody waits where nobody is well', async (t) => {
  const shared = balancedOf([{ down: true, max_conns: 1 }], { config: { mayWait: true } })
  t.match(createForward(shared, requestOf()).start(0), { do: 'answer' })
})

test('done twice, or without a try, is done once', async (t) => {
  const shared = balancedOf([{}, {}])
  const forward = createForward(shared, requestOf())
  forward.done(0)
  forward.start(0)
  forward.done(0)
  forward.done(0)
  t.strictSame(
    shared.servers.all.map(({ conns }) => conns),
    [0, 0],
  )
})
