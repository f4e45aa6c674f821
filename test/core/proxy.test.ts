/** What a proxy decides for one request: every condition of next_upstream, the limits on tries, and the balancer. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { Failure, Manner } from '../../src/core/failure.js'
import { manners } from '../../src/core/failure.js'
import { balancers, createBalancer } from '../../src/core/proxy/balancers/index.js'
import { type FailedTry, nextUpstreamConditions } from '../../src/core/proxy/forward.js'
import { type Balanced, createForward, type ForwardConfig } from '../../src/core/proxy/forwards/nginx.js'
import { Server, serverSchema } from '../../src/core/proxy/server.js'
import { groupServers } from '../../src/core/proxy/servers.js'
import { timeoutsSchema } from '../../src/core/proxy/timeouts.js'
import { chanceFrom } from '../../src/lib/random.js'

const failureBy = (manner: Manner): Failure => ({
  type: 'connection_terminated',
  stage: 'connect',
  manner,
  details: manner,
})
const tried = (manner: Manner, more: Partial<FailedTry> = {}): FailedTry => ({
  failure: failureBy(manner),
  requestWritten: false,
  replayable: true,
  responseBegun: false,
  reused: false,
  ...more,
})
const request = (method: string) => ({ method, path: '/', client: '127.0.0.1', header: () => undefined })
/** So many servers in turn, of no interest but for their number. */
function balanced(count: number, config: Partial<ForwardConfig> = {}): Balanced {
  const server = (_: unknown, index: number) => new Server(index, `127.0.0.1:${index}`, serverSchema.parse({}))
  const servers = groupServers(Array.from({ length: count }, server))
  const balancer = createBalancer(balancers.round_robin.schema.parse({ type: 'round_robin' }), servers, chanceFrom(1))
  const nextUpstream = ['error', 'timeout'] as const
  return {
    config: { nextUpstream, tries: 0, timeoutMs: undefined, mayWait: false, tellsLast: true, ...config },
    servers,
    balancer,
  }
}
/** What happens after the first try, at server 0, failed. */
const second = (last: FailedTry, config: Partial<ForwardConfig> = {}, method = 'GET') => {
  const forward = createForward(balanced(2, config), request(method))
  forward.start(0)
  return forward.failed(last, 0)
}
const next = { do: 'try', server: 1 }

test('each way to fail moves on under its own condition', async (t) => {
  const table: Record<Manner, 'error' | 'timeout' | 'invalid_header' | 'never'> = {
    unresolved: 'error',
    refused: 'error',
    unroutable: 'error',
    reset: 'error',
    closed: 'error',
    alert: 'error',
    certificate: 'error',
    tls: 'error',
    timeout: 'timeout',
    http: 'invalid_header',
    unavailable: 'never',
    unauthorized: 'never',
    overloaded: 'never',
    exhausted: 'never',
    paused: 'never',
    exit: 'never',
    internal: 'never',
  }
  for (const manner of manners) {
    const answer = { do: 'answer', failure: failureBy(manner) }
    for (const condition of nextUpstreamConditions) {
      const wanted = table[manner] === condition ? next : answer
      t.strictSame(second(tried(manner), { nextUpstream: [condition] }), wanted, `${manner} under ${condition}`)
    }
    t.strictSame(second(tried(manner), { nextUpstream: [] }), answer, `${manner} under off`)
  }
})

test('a request that may have been seen is repeated only when its method allows it', async (t) => {
  const answer = { do: 'answer', failure: failureBy('reset') }
  const written = tried('reset', { requestWritten: true })
  for (const method of ['POST', 'LOCK', 'PATCH']) {
    t.strictSame(second(written, {}, method), answer, `${method} after a write`)
    t.strictSame(second(tried('refused'), {}, method), next, `${method} before a write`)
  }
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])
    t.strictSame(second(written, {}, method), next, method)
  t.strictSame(second(tried('reset', { replayable: false })), answer, 'its body is gone')
})

test('a response that was begun is cut, whatever the conditions', async (t) => {
  const cut = { do: 'cut', failure: failureBy('reset') }
  t.strictSame(second(tried('reset', { responseBegun: true })), cut)
  t.strictSame(second(tried('reset', { responseBegun: true }), { nextUpstream: [] }), cut)
})

test('tries end at the limit, or when every server had one', async (t) => {
  const tries = (servers: number, config: Partial<ForwardConfig> = {}) => {
    const forward = createForward(balanced(servers, config), request('GET'))
    const actions = [forward.start(0)]
    while (actions.at(-1)!.do === 'try') actions.push(forward.failed(tried('refused'), 0))
    return actions.map((action) => (action.do === 'try' ? action.server : 'failure' in action && action.failure.type))
  }
  t.strictSame(tries(3), [0, 1, 2, 'connection_terminated'])
  t.strictSame(tries(3, { tries: 2 }), [0, 1, 'connection_terminated'])
  t.strictSame(tries(3, { tries: 1 }), [0, 'connection_terminated'])
  t.strictSame(tries(3, { tries: 9 }), [0, 1, 2, 'connection_terminated'])
  t.strictSame(tries(1), [0, 'connection_terminated'])
  t.strictSame(tries(0), ['destination_unavailable'])
})

test('the free try of a reused connection finds nobody else: the last failure is told, where nginx has no server', async (t) => {
  for (const tellsLast of [true, false]) {
    const forward = createForward(balanced(2, { tellsLast }), request('GET'))
    forward.start(0)
    t.match(forward.failed(tried('reset', { reused: true }), 0), { do: 'try', server: 1 })
    const type = tellsLast ? 'connection_terminated' : 'destination_unavailable'
    t.match(forward.failed(tried('refused'), 0), { do: 'answer', failure: { type } })
  }
})

test('a request never meets a server twice, and ends', async () => {
  const someTry = fc.record({
    failure: fc.constantFrom(...manners).map(failureBy),
    requestWritten: fc.boolean(),
    replayable: fc.boolean(),
    responseBegun: fc.boolean(),
    reused: fc.constant(false),
  })
  const method = fc.constantFrom('GET', 'POST')
  const conditions = fc.subarray(['error', 'timeout'] as const)
  const servers = fc.integer({ min: 1, max: 6 })
  fc.assert(
    fc.property(servers, fc.nat(8), conditions, method, fc.nat(9), fc.infiniteStream(someTry), (...given) => {
      const [servers, tries, nextUpstream, method, skip, stream] = given
      const shared = balanced(servers, { nextUpstream, tries })
      for (let n = 0; n < skip; n++) {
        const before = createForward(shared, request('GET'))
        before.start(0)
        before.done(0)
      }
      const forward = createForward(shared, request(method))
      const met: number[] = []
      let action = forward.start(0)
      let last: FailedTry | undefined
      while (action.do === 'try') {
        met.push(action.server)
        if (last?.responseBegun || (last?.requestWritten && method === 'POST')) assert.fail('tried again all the same')
        last = stream.next().value
        action = forward.failed(last!, 0)
      }
      assert.equal(new Set(met).size, met.length)
      assert.ok(met.length >= 1 && met.length <= Math.min(servers, tries || servers))
      assert.ok('failure' in action)
      assert.equal(action.failure, last!.failure, 'the last failure is the one that is told')
      assert.ok(shared.servers.all.every(({ conns }) => conns === 0))
    }),
  )
})

test('the time limits have defaults', async (t) => {
  t.match(timeoutsSchema.parse({ connect: '1s' }), { connect: 1000, send: 60_000, read: 60_000 })
})
