/** Which occasions a fault selects, its patterns against regular expressions, and the plan with its counters. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type Fault, faultSchema } from '../../src/core/fault/fault.js'
import { createFaultPlan } from '../../src/core/fault/plan.js'
import { isThere, matches, nextTurn, type Occasion, selects } from '../../src/core/fault/selection.js'
import { triggers } from '../../src/core/fault/triggers/index.js'
import { InvariantError } from '../../src/lib/errors.js'
import { chanceFrom } from '../../src/lib/random.js'

const fault = (more: object = {}): Fault =>
  faultSchema.parse({ id: 'rst', on: 'app1', at: 'request_head', effect: 'reset', ...more })

const now: Occasion = { now_ms: 0 }

test('a fault as it is written', async (t) => {
  t.match(fault({ at: 'response_body' }), { at: { type: 'response_body', after: 0 }, effect: { type: 'reset' } })
  t.match(fault({ at: { type: 'response_head', after: '17B' } }).at, { type: 'response_head', after: 17 })
  t.match(fault({ effect: { type: 'certificate', kind: 'expired' } }).effect, { kind: 'expired' })
  t.match(fault({ window: { to: '2s' } }).window, { from: 0, to: 2000 })
  const wrong = [
    { effect: 'certificate' },
    { effect: { type: 'certificate', kind: 'odd' } },
    { at: 'lunch' },
    { id: 'Not An Id' },
    { first: 0 },
    { sequence: [] },
    { probability: '101%' },
    { match: { cause: 'x' } },
  ]
  for (const more of wrong) t.throws(() => fault(more), { name: 'ZodError' }, JSON.stringify(more))
})

test('a trigger is about an address, a lookup, a connection, a request or a chunk', async (t) => {
  const scopes = Object.entries(triggers).map(([name, { scope }]) => [name, scope])
  t.strictSame(Object.fromEntries(scopes), {
    resolve: 'lookup',
    connect: 'address',
    accept: 'connection',
    client_hello: 'connection',
    handshake: 'connection',
    request_head: 'request',
    request_body: 'request',
    response_head: 'request',
    response_body: 'request',
    response_end: 'request',
    idle: 'connection',
    wire: 'chunk',
  })
})

test('selectors pick from the occasions that match', async (t) => {
  const table: [more: object, picked: string][] = [
    [{}, 'xxxxxx'],
    [{ first: 2 }, 'xx....'],
    [{ after: 2 }, '..xxxx'],
    [{ first: 2, after: 1 }, '.xx...'],
    [{ sequence: ['pass', 'fault', 'fault'] }, '.xx...'],
    [{ sequence: ['fault', 'pass', 'fault'], after: 2 }, '..x.x.'],
    [{ sequence: ['fault', 'fault', 'fault'], first: 1 }, 'x.....'],
    [{ probability: '0%' }, '......'],
    [{ probability: '100%' }, 'xxxxxx'],
    [{ probability: '50%' }, 'xxx...'],
    [{ probability: '50%', first: 2 }, 'xx....'],
  ]
  for (const [more, picked] of table) {
    const seen = [...picked].map((_, n) => (selects(fault(more), n, n / 6) ? 'x' : '.')).join('')
    t.equal(seen, picked, JSON.stringify(more))
  }
})

test('a window is counted from the start of the load, its end excluded', async (t) => {
  const between = fault({ window: { from: '10ms', to: '20ms' } })
  const open = fault({ window: { from: '10ms' } })
  const at = (f: Fault) => [-5, 9, 10, 19, 20].map((now_ms) => isThere(f, now_ms, chanceFrom(1)))
  t.strictSame(at(between), [false, false, true, true, false])
  t.strictSame(at(open), [false, false, true, true, true])
  t.strictSame(at(fault()), [true, true, true, true, true])
})

test('a fault that flaps is there or not for a whole slot, the same for the same seed', async (t) => {
  const flapping = fault({ flapping: { every: '10ms', share: '30%' }, window: { from: '0ms', to: '20s' } })
  const slots = (seed: number, offset: number) =>
    Array.from({ length: 2000 }, (_, slot) => isThere(flapping, slot * 10 + offset, chanceFrom(seed)))
  const there = slots(1, 0)
  t.strictSame([slots(1, 5), slots(1, 9.9)], [there, there])
  t.strictNotSame(slots(2, 0), there)
  const share = there.filter(Boolean).length / there.length
  t.ok(share > 0.26 && share < 0.34, `${share}`)
  t.strictSame(
    [20_000, 20_010].map((ms) => isThere(flapping, ms, chanceFrom(1))),
    [false, false],
    'its window is over',
  )
  const [always, never] = ['100%', '0%'].map((share) => fault({ flapping: { every: '1s', share } }))
  t.strictSame(
    [always!, never!].map((one) => isThere(one, 1, chanceFrom(1))),
    [true, false],
  )
  t.throws(() => fault({ flapping: { every: '0ms' } }), { name: 'ZodError' })
})

test('between two turns a fault stays as it is', async () => {
  const time = fc.double({ min: 0, max: 5000, noNaN: true })
  const faults = fc.record(
    {
      flapping: fc.record({ every: fc.constantFrom('1ms', '1.1ms', '7ms', '333.3ms') }),
      window: fc.constantFrom({ from: '1s' }, { to: '2s' }, { from: '500ms', to: '501ms' }),
    },
    { requiredKeys: [] },
  )
  const chance = chanceFrom(1)
  fc.assert(
    fc.property(faults, time, time, (more, now, later) => {
      const one = fault(more)
      const turn = nextTurn(one, now) ?? Number.POSITIVE_INFINITY
      assert.ok(turn > now)
      const before = Math.min(turn, Math.max(now, later))
      if (before < turn - 1e-6) assert.equal(isThere(one, before, chance), isThere(one, now, chance))
    }),
    { numRuns: 2000 },
  )
})

test('every key of a match must hold', async (t) => {
  const seen: Occasion = {
    now_ms: 0,
    method: 'GET',
    path: '/api/users?id=1',
    headers: { 'user-agent': 'curl/8', 'x-tag': ['a', 'b'] },
    source: '127.0.7.9',
    ordinal: 2,
    ja3: 'abc',
    ja4: 't13d',
    sni: 'app1',
  }
  const holds: object[] = [
    {},
    { method: 'GET', path: '/api/*' },
    { path: '*users*' },
    { header: { 'User-Agent': 'curl/*', 'X-Tag': 'a, b' } },
    { ordinal: 2 },
    { source: '127.0.7.*' },
    { ja3: 'abc', ja4: 't13*', sni: 'app1' },
  ]
  const fails: object[] = [
    { method: 'get' },
    { method: 'GET', path: '/api' },
    { header: { 'user-agent': 'curl' } },
    { header: { 'user-agent': 'curl/*', accept: '*' } },
    { header: { constructor: '*' } },
    { ordinal: 1 },
    { source: '127.0.7' },
    { sni: 'app2' },
  ]
  for (const match of holds) t.ok(matches(fault({ match }), seen), JSON.stringify(match))
  for (const match of fails) t.notOk(matches(fault({ match }), seen), JSON.stringify(match))
  t.notOk(matches(fault({ match: { sni: '*' } }), now), 'what a trigger cannot know matches nothing')
  t.notOk(matches(fault({ match: { header: { accept: '*' } } }), now))
})

test('* stands for any characters, everything else for itself', async (t) => {
  const letters = (of: string) =>
    fc.array(fc.constantFrom(...of), { minLength: 1, maxLength: 8 }).map((all) => all.join(''))
  const asRegExp = (pattern: string) =>
    new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's')
  fc.assert(
    fc.property(letters('ab.*\n'), letters('ab.\n'), (pattern, path) => {
      const wanted = asRegExp(pattern).test(path)
      t.equal(
        matches(fault({ match: { path: pattern } }), { now_ms: 0, path }),
        wanted,
        JSON.stringify([pattern, path]),
      )
    }),
    { numRuns: 500 },
  )
})

const taken = (plan: ReturnType<typeof createFaultPlan>, count: number, occasion: Occasion = now) =>
  Array.from({ length: count }, () => plan.take('app1', 'request_head', occasion)?.id)

test('the first fault that selects an occasion takes it, all that match count it', async (t) => {
  const faults = [fault({ id: 'one', first: 1 }), fault({ id: 'two', first: 2 }), fault({ id: 'else', on: 'app2' })]
  const plan = createFaultPlan(faults, chanceFrom(1))
  t.strictSame(taken(plan, 3), ['one', 'two', undefined])
  t.equal(plan.take('app2', 'request_head', now)?.id, 'else')
  t.equal(plan.take('app2', 'accept', now), undefined)
  plan.reset()
  plan.disarm('one')
  t.strictSame(taken(plan, 3), ['two', 'two', undefined], 'counted from the start again')
  plan.arm('one')
  t.strictSame(taken(plan, 2), ['one', undefined], 'an unarmed fault counts nothing')
  t.strictSame(plan.ids, ['one', 'two', 'else'])
  t.throws(() => plan.arm('three'), new InvariantError('no fault "three" in this run'))
})

test('an occasion that does not match is not counted', async (t) => {
  const plan = createFaultPlan([fault({ first: 1, match: { method: 'POST' } })], chanceFrom(1))
  t.strictSame(taken(plan, 2, { now_ms: 0, method: 'GET' }), [undefined, undefined])
  t.strictSame(taken(plan, 2, { now_ms: 0, method: 'POST' }), ['rst', undefined])
})

test('only what is above the rate is taken, and counted', async (t) => {
  const at = (plan: ReturnType<typeof createFaultPlan>, now_ms: number, source = '127.0.0.1') =>
    plan.take('app1', 'request_head', { now_ms, source })?.id
  const plan = createFaultPlan([fault({ rate_over: { rate: '10/s', burst: 2 }, after: 1 })], chanceFrom(1))
  const four = () => [at(plan, 0), at(plan, 0), at(plan, 0), at(plan, 0)]
  t.strictSame(four(), [undefined, undefined, undefined, 'rst'], 'two are within, the third is skipped by `after`')
  t.strictSame([at(plan, 99), at(plan, 100), at(plan, 101)], ['rst', undefined, 'rst'], 'one more every 100 ms')
  plan.reset()
  t.strictSame(four(), [undefined, undefined, undefined, 'rst'])
  const each = createFaultPlan([fault({ rate_over: { rate: '1/s', per: 'source' } })], chanceFrom(1))
  const seen = ['127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.2'].map((source) => at(each, 0, source))
  t.strictSame(seen, [undefined, undefined, 'rst', 'rst'], 'a limit for each source')
})

test('the state of an address', async (t) => {
  const refuse = { on: 'app1', at: 'connect', effect: 'refuse' }
  const faults = [
    fault({ ...refuse, id: 'early', window: { from: '0ms', to: '10ms' } }),
    fault({ ...refuse, id: 'late', window: { from: '20ms' } }),
  ]
  const plan = createFaultPlan(faults, chanceFrom(1))
  const at = () => [-1, 0, 10, 20, 1000].map((ms) => plan.address('app1', ms)?.id)
  t.strictSame(at(), [undefined, 'early', undefined, 'late', 'late'])
  t.strictSame(at(), [undefined, 'early', undefined, 'late', 'late'], 'asking counts nothing')
  const changes = [-1, 0, 9, 10, 20].map((ms) => plan.nextAddressChange('app1', ms))
  t.strictSame(changes, [0, 10, 10, 20, undefined])
  t.strictSame([plan.address('app2', 0), plan.nextAddressChange('app2', 0)], [undefined, undefined])
  plan.disarm('early')
  t.equal(plan.address('app1', 0), undefined)
})

test('probability takes its share, the same for the same seed', async (t) => {
  const count = (seed: number) => taken(createFaultPlan([fault({ probability: '20%' })], chanceFrom(seed)), 5000)
  const share = count(7).filter((id) => id === 'rst').length / 5000
  t.ok(share > 0.17 && share < 0.23, `${share}`)
  t.strictSame(count(7), count(7))
  t.strictNotSame(count(7), count(8))
})

test('common random numbers: another fault shifts neither draws nor counts', async () => {
  const selectors = fc.record(
    {
      probability: fc.constantFrom('30%', '70%'),
      first: fc.integer({ min: 1, max: 9 }),
      after: fc.integer({ min: 1, max: 9 }),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(selectors, selectors, fc.integer(), fc.boolean(), (ours, theirs, seed, armed) => {
      const us = fault({ id: 'us', ...ours })
      const alone = taken(createFaultPlan([us], chanceFrom(seed)), 20)
      const plan = createFaultPlan([fault({ id: 'them', ...theirs }), us], chanceFrom(seed))
      if (!armed) plan.disarm('them')
      const both = taken(plan, 20)
      assert.deepEqual(
        both.map((id, n) => (id === 'them' ? alone[n] : id)),
        alone,
        'where they do not take it, we take what we take alone',
      )
    }),
  )
})

test('places within a moment are occasions of their own, in ascending order', async (t) => {
  const at = (id: string, after: string) => fault({ id, at: { type: 'response_body', after } })
  const plan = createFaultPlan([at('late', '9B'), at('soon', '2B'), at('same', '9B')], chanceFrom(1))
  t.strictSame(plan.afters('app1', 'response_body'), [2, 9])
  t.strictSame(plan.afters('app1', 'response_head'), [])
  t.equal(plan.take('app1', 'response_body', { now_ms: 0, after: 2 })?.id, 'soon')
  t.equal(plan.take('app1', 'response_body', { now_ms: 0, after: 9 })?.id, 'late')
  t.equal(plan.take('app1', 'response_body', { now_ms: 0, after: 3 }), undefined)
})

test('what an effect draws is its own: the same for the same seed, anew for every effect and after a reset', async (t) => {
  const planOf = (seed: number) => createFaultPlan([fault(), fault({ id: 'other' })], chanceFrom(seed))
  const drawn = (plan: ReturnType<typeof planOf>, id: string) => {
    const draw = plan.draws(id)
    return [draw(), draw()]
  }
  const [plan, twin] = [planOf(1), planOf(1)]
  const first = drawn(plan, 'rst')
  drawn(twin, 'other')
  t.strictSame(drawn(twin, 'rst'), first, 'another fault shifts nothing')
  const second = drawn(plan, 'rst')
  t.notSame(second, first)
  t.not(first[0], first[1])
  t.notSame(drawn(planOf(2), 'rst'), first)
  plan.reset()
  t.strictSame(drawn(plan, 'rst'), first)
})
