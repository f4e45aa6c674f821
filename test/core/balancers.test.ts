/** Who gets a try: shares, loads, hashes and dice. That the order is nginx's is shown in test/conformance. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type BalancerConfig, balancers, withoutBackups } from '../../src/core/proxy/balancers/index.js'
import type { Forward } from '../../src/core/proxy/forward.js'
import { type Balanced, createForward } from '../../src/core/proxy/forwards/nginx.js'
import { balancedOf, balancerOf, firstOf, requestOf, triedBy } from './balanced.js'

const types = Object.keys(balancers) as BalancerConfig['type'][]
const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 })
const inputsOf = (weights: number[]) => weights.map((weight) => ({ weight }))

/** The server of a request that is over at once. */
function once(shared: Balanced, more: Parameters<typeof requestOf>[0] = {}, now = 0): number | undefined {
  const forward = createForward(shared, requestOf(more))
  const server = firstOf(forward, now)
  forward.done(now)
  return server
}

const counted = (servers: (number | undefined)[], count: number): number[] =>
  Array.from({ length: count }, (_, index) => servers.filter((server) => server === index).length)

test('round robin: over a cycle each has its weight exactly, and no two cycles differ', async () => {
  fc.assert(
    fc.property(weights, fc.nat(30), (weights, before) => {
      const shared = balancedOf(inputsOf(weights))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (let n = 0; n < before; n++) once(shared)
      const cycle = Array.from({ length: total }, () => once(shared))
      assert.deepEqual(counted(cycle, weights.length), weights)
      assert.deepEqual(
        Array.from({ length: total }, () => once(shared)),
        cycle,
      )
    }),
  )
})

test('round robin: spread out smoothly', async (t) => {
  const shared = balancedOf(inputsOf([5, 1, 1]))
  t.strictSame(
    Array.from({ length: 7 }, () => once(shared)),
    [0, 0, 1, 0, 2, 0, 0],
  )
})

test('no server has more than max_conns, none is met twice by a request, and in the end nobody is at any', async () => {
  const server = fc.record({
    weight: fc.integer({ min: 1, max: 5 }),
    max_conns: fc.integer({ min: 0, max: 3 }),
    max_fails: fc.integer({ min: 0, max: 2 }),
    fail_timeout: fc.constantFrom('1ms', '5ms'),
    backup: fc.boolean(),
    down: fc.constantFrom(false, false, false, true),
  })
  const what = fc.constantFrom('ask', 'ask', 'ask', 'fail', 'done', '503', 'later')
  const op = fc.record({ what, which: fc.nat(50), path: fc.constantFrom('/a', '/b', '/c') })
  const given = [
    fc.constantFrom(...types),
    fc.array(server, { minLength: 2, maxLength: 6 }),
    fc.array(op, { maxLength: 80 }),
  ] as const
  fc.assert(
    fc.property(...given, (type, drawn, ops) => {
      // As a scenario must have it: a server that is no backup, and none that is for hashes and dice.
      const inputs = drawn.map((input, index) => {
        return { ...input, backup: input.backup && index > 0 && !withoutBackups.includes(type) }
      })
      const config = { nextUpstream: ['error', 'http_503'] as const }
      const shared = balancedOf(inputs, { balance: balancerOf(type), config })
      const open: { forward: Forward; met: number[] }[] = []
      let now = 0
      const follow = (one: { forward: Forward; met: number[] }, action: ReturnType<Forward['start']> | undefined) => {
        if (action?.do === 'try') {
          assert.ok(!one.met.includes(action.server), 'a server twice')
          one.met.push(action.server)
          assert.ok(!inputs[action.server]!.down, 'one that is down')
        } else if (action) open.splice(open.indexOf(one), 1)
        for (const { conns, config } of shared.servers.all) assert.ok(!config.max_conns || conns <= config.max_conns)
      }
      const end = (one: (typeof open)[number]) => {
        open.splice(open.indexOf(one), 1)
        one.forward.done(now)
      }
      for (const { what, which, path } of ops) {
        const one = open[which % open.length]
        if (what === 'later') now += which % 4
        else if (what === 'ask') {
          const fresh = { forward: createForward(shared, requestOf({ path })), met: [] }
          open.push(fresh)
          follow(fresh, fresh.forward.start(now))
        } else if (!one) continue
        else if (what === 'fail') follow(one, one.forward.failed(triedBy('refused'), now))
        else if (what === 'done') end(one)
        else {
          const action = one.forward.answered(503, true, now)
          if (action) follow(one, action)
          else end(one)
        }
      }
      for (const { forward } of [...open]) forward.done(now)
      assert.ok(shared.servers.all.every(({ conns }) => conns === 0))
    }),
    { numRuns: 400 },
  )
})

test('the same seed makes the same choices', async () => {
  const given = [fc.constantFrom(...types), weights, fc.integer({ min: 1, max: 1000 })] as const
  fc.assert(
    fc.property(...given, (type, weights, seed) => {
      const choices = () => {
        const shared = balancedOf(inputsOf(weights), { balance: balancerOf(type), seed })
        return Array.from({ length: 30 }, (_, n) => once(shared, { path: `/${n % 7}`, client: `127.0.${n}.1` }, n))
      }
      assert.deepEqual(choices(), choices())
    }),
  )
})

test('least_conn: never one that has more for its weight than another', async () => {
  fc.assert(
    fc.property(weights, fc.array(fc.nat(20), { maxLength: 60 }), (weights, ops) => {
      const shared = balancedOf(inputsOf(weights), { balance: balancerOf('least_conn') })
      const open: Forward[] = []
      for (const op of ops) {
        if (op % 3 === 0) open.splice(op % (open.length || 1), 1)[0]?.done(0)
        else {
          const loads = shared.servers.all.map(({ conns, config }) => conns / config.weight)
          const forward = createForward(shared, requestOf())
          const chosen = firstOf(forward)!
          assert.ok(loads.every((load) => loads[chosen]! <= load + 1e-12))
          open.push(forward)
        }
      }
    }),
  )
})

test('hashes: always the same server for a key, also after the others failed', async () => {
  for (const type of ['hash', 'consistent_hash', 'ip_hash'] as const) {
    fc.assert(
      fc.property(weights, fc.nat(255), fc.string(), (weights, number, text) => {
        const shared = balancedOf(inputsOf(weights), { balance: balancerOf(type) })
        const request = { path: `/${encodeURIComponent(text)}`, client: `10.${number}.3.4` }
        const server = once(shared, request)
        for (let n = 0; n < 5; n++) once(shared, { path: `/${n}`, client: `10.9.${n}.9` })
        assert.equal(once(shared, request), server)
      }),
    )
  }
})

test('hash, consistent_hash and random: each has its share by weight', async (t) => {
  for (const type of ['hash', 'consistent_hash', 'random'] as const) {
    const shared = balancedOf(inputsOf([1, 2, 5]), { balance: balancerOf(type) })
    const servers = Array.from({ length: 8000 }, (_, n) => once(shared, { path: `/item/${n}` }))
    for (const [index, count] of counted(servers, 3).entries()) {
      const share = count / 8000 / ([1, 2, 5][index]! / 8)
      t.ok(share > 0.75 && share < 1.25, `${type}: server ${index} has ${count} of 8000`)
    }
  }
})

test('ip_hash: the network of 256 addresses, all of an IPv6 address', async (t) => {
  const shared = balancedOf(inputsOf([1, 1, 1, 1, 1]), { balance: balancerOf('ip_hash') })
  const serversOf = (clients: string[]) => new Set(clients.map((client) => once(shared, { client }))).size
  const last = Array.from({ length: 50 }, (_, n) => n + 1)
  t.equal(serversOf(last.map((n) => `10.1.2.${n}`)), 1)
  t.equal(serversOf(last.map((n) => `10.1.${n}.2`)), 5)
  t.equal(serversOf(last.map((n) => `2001:db8::${n}`)), 5)
  t.equal(serversOf(['', 'unix:']), 1)
})

test('consistent_hash: only the keys of the server that leaves move, and no more than its share', async () => {
  const given = [fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 6 }), fc.nat(5)] as const
  fc.assert(
    fc.property(...given, (weights, which) => {
      const leaver = which % weights.length
      const shared = balancedOf(inputsOf(weights), { balance: balancerOf('consistent_hash') })
      const all = () => Array.from({ length: 600 }, (_, n) => once(shared, { path: `/${n}` }))
      const before = all()
      shared.servers.all[leaver]!.leave()
      const after = all()
      const moved = before.filter((server, n) => server !== after[n])
      assert.ok(moved.every((server) => server === leaver))
      assert.equal(moved.length, counted(before, weights.length)[leaver])
      const share = weights[leaver]! / weights.reduce((sum, weight) => sum + weight, 0)
      assert.ok(moved.length <= 600 * share * 2, `${moved.length} moved at a share of ${share}`)
      shared.servers.all[leaver]!.join(0)
      assert.deepEqual(all(), before, 'and come back')
    }),
    { numRuns: 30 },
  )
})

test('hash: without a key, in turn', async (t) => {
  for (const type of ['hash', 'consistent_hash'] as const) {
    const shared = balancedOf([{}, {}, {}], { balance: balancerOf(type, { key: '$arg_user' }) })
    t.strictSame([once(shared), once(shared), once(shared)], [0, 1, 2], type)
  }
})

test('hash, ip_hash, random: when dice and hashes miss too often, the next in turn', async (t) => {
  for (const type of ['hash', 'ip_hash', 'consistent_hash', 'random', 'random_two'] as const) {
    const heavy = balancedOf([{ weight: 1_000, down: true }, {}], { balance: balancerOf(type) })
    const servers = Array.from({ length: 50 }, (_, n) => once(heavy, { path: `/${n}`, client: `10.${n}.1.1` }))
    t.strictSame(new Set(servers), new Set([1]), type)
  }
})

test('random_two: the one with fewer requests for its weight of two', async (t) => {
  const shared = balancedOf([{}, {}], { balance: balancerOf('random_two') })
  for (let n = 0; n < 40; n++) createForward(shared, requestOf()).start(0)
  const [one, other] = shared.servers.all
  t.equal(one!.conns, 20)
  t.equal(other!.conns, 20, 'of two servers both are always compared')
  const many = balancedOf([{}, {}, {}, { weight: 4 }], { balance: balancerOf('random_two') })
  for (let n = 0; n < 700; n++) createForward(many, requestOf()).start(0)
  const loads = many.servers.all.map(({ conns, config }) => conns / config.weight)
  t.ok(Math.max(...loads) - Math.min(...loads) < 20, `loads by weight ${loads}`)
})

test('peak_ewma: a peak counts at once, time lets it fade, load multiplies it', async (t) => {
  const decay = 1000
  const shared = balancedOf([{}, {}], { balance: balancerOf('peak_ewma', { decay: `${decay}ms` }) })
  const observed = (server: number, ms: number, now: number) =>
    shared.balancer.observed!(shared.servers.all[server]!, ms, now)
  const chosen = (now: number) => new Set(Array.from({ length: 20 }, () => once(shared, {}, now)))
  observed(0, 10, 0)
  observed(1, 20, 0)
  t.strictSame(chosen(0), new Set([0]), 'the faster one')
  observed(0, 500, 1)
  t.strictSame(chosen(1), new Set([1]), 'one slow response is enough')
  observed(0, 10, 2)
  t.strictSame(chosen(2), new Set([1]), 'one fast response is not')
  for (let now = 10; now < 6000; now += 10) observed(1, 20, now)
  t.strictSame(chosen(6000), new Set([0]), 'what was long ago is forgotten, though nobody asked it')
  observed(0, 10, 6000)
  observed(1, 12, 6000)
  const open = createForward(shared, requestOf())
  t.equal(firstOf(open, 6000), 0)
  t.strictSame(chosen(6000), new Set([1]), '10 ms with a request at it are more than 12 ms')
})

test('peak_ewma: one of which nothing is known gets one request, and no second before it has answered', async (t) => {
  const shared = balancedOf([{}, {}], { balance: balancerOf('peak_ewma') })
  shared.balancer.observed!(shared.servers.all[0]!, 10, 0)
  const servers = Array.from({ length: 5 }, () => firstOf(createForward(shared, requestOf())))
  t.strictSame(servers, [1, 0, 0, 0, 0])
})

test('the latency of a try that was answered is learnt, that of a failed one is not', async (t) => {
  const shared = balancedOf([{}, {}], { balance: balancerOf('peak_ewma') })
  const heard: number[] = []
  const { balancer } = shared
  const listening = { ...shared, balancer: { ...balancer, observed: (_: unknown, ms: number) => void heard.push(ms) } }
  const forward = createForward(listening, requestOf())
  forward.start(0)
  forward.failed(triedBy('refused'), 3)
  forward.done(9, 6)
  forward.done(10, 7)
  t.strictSame(heard, [6])
})
