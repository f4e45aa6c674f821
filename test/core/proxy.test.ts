/** What a proxy decides for one request: every condition of next_upstream, the limits on tries, and the balancer. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { Failure, Manner } from '../../src/core/failure.js'
import { manners } from '../../src/core/failure.js'
import { balancers, createBalancer } from '../../src/core/proxy/balancers/index.js'
import { createForward, type FailedTry, type ForwardConfig } from '../../src/core/proxy/forward.js'
import { timeoutsSchema } from '../../src/core/proxy/timeouts.js'

const roundRobin = () => createBalancer(balancers.round_robin.schema.parse({ type: 'round_robin' }))
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
  ...more,
})
const both: ForwardConfig = { servers: 2, nextUpstream: ['error', 'timeout'], tries: 0 }
/** What happens after the first try, at server 0, failed. */
const second = (last: FailedTry, config: Partial<ForwardConfig> = {}, method = 'GET') => {
  const forward = createForward({ ...both, ...config }, roundRobin(), method)
  forward.start()
  return forward.failed(last)
}
const next = { do: 'try', server: 1 }

test('each way to fail moves on under its own condition', async (t) => {
  const table: Record<Manner, 'error' | 'timeout' | 'never'> = {
    unresolved: 'error',
    refused: 'error',
    unroutable: 'error',
    reset: 'error',
    closed: 'error',
    alert: 'error',
    certificate: 'error',
    tls: 'error',
    timeout: 'timeout',
    http: 'never',
    unavailable: 'never',
    internal: 'never',
  }
  for (const manner of manners) {
    const answer = { do: 'answer', failure: failureBy(manner) }
    for (const condition of ['error', 'timeout'] as const) {
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
  const tries = (config: Partial<ForwardConfig>) => {
    const forward = createForward({ ...both, servers: 3, ...config }, roundRobin(), 'GET')
    const actions = [forward.start()]
    while (actions.at(-1)!.do === 'try') actions.push(forward.failed(tried('refused')))
    return actions.map((action) => (action.do === 'try' ? action.server : action.failure.type))
  }
  t.strictSame(tries({}), [0, 1, 2, 'connection_terminated'])
  t.strictSame(tries({ tries: 2 }), [0, 1, 'connection_terminated'])
  t.strictSame(tries({ tries: 1 }), [0, 'connection_terminated'])
  t.strictSame(tries({ tries: 9 }), [0, 1, 2, 'connection_terminated'])
  t.strictSame(tries({ servers: 1 }), [0, 'connection_terminated'])
  t.strictSame(tries({ servers: 0 }), ['destination_unavailable'])
})

test('a request never meets a server twice, and ends', async () => {
  const someTry = fc.record({
    failure: fc.constantFrom(...manners).map(failureBy),
    requestWritten: fc.boolean(),
    replayable: fc.boolean(),
    responseBegun: fc.boolean(),
  })
  const method = fc.constantFrom('GET', 'POST')
  const conditions = fc.subarray(['error', 'timeout'] as const)
  const servers = fc.integer({ min: 1, max: 6 })
  fc.assert(
    fc.property(servers, fc.nat(8), conditions, method, fc.nat(9), fc.infiniteStream(someTry), (...given) => {
      const [servers, tries, nextUpstream, method, skip, stream] = given
      const balancer = roundRobin()
      for (let n = 0; n < skip; n++) balancer.pick(servers, () => true)
      const forward = createForward({ servers, nextUpstream, tries }, balancer, method)
      const met: number[] = []
      let action = forward.start()
      let last: FailedTry | undefined
      while (action.do === 'try') {
        met.push(action.server)
        if (last?.responseBegun || (last?.requestWritten && method === 'POST')) assert.fail('tried again all the same')
        last = stream.next().value
        action = forward.failed(last!)
      }
      assert.equal(new Set(met).size, met.length)
      assert.ok(met.length >= 1 && met.length <= Math.min(servers, tries || servers))
      assert.equal(action.failure, last!.failure, 'the last failure is the one that is told')
    }),
  )
})

test('round robin is fair within one, whoever may not be tried', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.nat(40), fc.infiniteStream(fc.boolean()), (count, picks, up) => {
      const balancer = roundRobin()
      const eligible = Array.from({ length: count }, () => up.next().value === true)
      const got = Array.from({ length: count }, () => 0)
      for (let n = 0; n < picks; n++) {
        const index = balancer.pick(count, (server) => eligible[server]!)
        if (index === undefined) assert.ok(!eligible.includes(true), 'somebody is eligible')
        else got[index]!++
      }
      assert.ok(got.every((n, server) => n === 0 || eligible[server]))
      const shares = got.filter((_, server) => eligible[server])
      assert.ok(shares.length === 0 || Math.max(...shares) - Math.min(...shares) <= 1, `${got}`)
    }),
  )
})

test('the time limits have defaults', async (t) => {
  t.match(timeoutsSchema.parse({ connect: '1s' }), { connect: 1000, send: 60_000, read: 60_000 })
})
