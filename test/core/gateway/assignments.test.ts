/** Who gets a request: whole sequences of every assignment. */
import { test } from 'tap'
import type { ExitPool } from '../../../src/core/gateway/exit_pool.js'
import { askOf, exitOf, letters, poolOf, target } from './pool.js'

const abc = letters(3).map((id) => exitOf(id))

/** The exits of requests that are over at once. */
function sequence(pool: ExitPool, asks: Parameters<typeof askOf>[0][]): (string | undefined)[] {
  return asks.map((more) => {
    const exit = pool.assign(askOf(more))
    if (!exit) return undefined
    pool.began(exit)
    pool.ended(exit, { ok: true, now_ms: more?.now_ms ?? 0 })
    return exit.id
  })
}

const times = (count: number, more: Parameters<typeof askOf>[0] = {}) => Array.from({ length: count }, () => more)
const draws = (...all: number[]) => all.map((draw) => ({ draw }))

test('round_robin takes the exits in turn', async (t) => {
  t.strictSame(sequence(poolOf('round_robin', abc), times(7)), ['a', 'b', 'c', 'a', 'b', 'c', 'a'])
})

test('round_robin spreads weights smoothly', async (t) => {
  const exits = [exitOf('a', { weight: 5 }), exitOf('b'), exitOf('c')]
  t.strictSame(sequence(poolOf('round_robin', exits), times(7)), ['a', 'a', 'b', 'a', 'c', 'a', 'a'])
})

test('random goes by the draw and by weight', async (t) => {
  const exits = [exitOf('a', { weight: 2 }), exitOf('b'), exitOf('c')]
  const all = sequence(poolOf('random', exits), draws(0, 0.49, 0.5, 0.74, 0.75, 0.999))
  t.strictSame(all, ['a', 'a', 'b', 'b', 'c', 'c'])
})

test('sticky has one exit for each target, and another when that is in quarantine or full', async (t) => {
  const pool = poolOf('sticky', [exitOf('a'), exitOf('b', { capacity: 1 }), exitOf('c')])
  const other = { target: 'other.test:443' }
  t.strictSame(sequence(pool, [{}, {}, other, {}, other]), ['a', 'a', 'b', 'a', 'b'])
  pool.quarantine(target, { id: 'a' }, 1000)
  t.strictSame(sequence(pool, times(3)), ['c', 'c', 'c'], 'b was used later than c')
  t.strictSame(sequence(pool, times(2, { now_ms: 5000 })), ['c', 'c'], 'it does not move back')
  pool.began(pool.exits[1]!)
  t.strictSame(sequence(pool, [other, other]), ['a', 'a'], 'b is full')
  pool.ended(pool.exits[1]!, { ok: true, now_ms: 0 })
  t.strictSame(sequence(pool, [other]), ['a'])
})

test('a session keeps its exit under every assignment, and moves when that is in quarantine or full', async (t) => {
  const pool = poolOf('round_robin', [exitOf('a', { capacity: 1 }), exitOf('b'), exitOf('c')])
  const [one, two] = [{ session: 'one' }, { session: 'two' }]
  t.strictSame(sequence(pool, [one, two, {}, one, two, one, {}]), ['a', 'b', 'c', 'a', 'b', 'a', 'a'])
  pool.began(pool.exits[0]!)
  t.strictSame(sequence(pool, [one, one]), ['b', 'b'], 'a is full')
  pool.ended(pool.exits[0]!, { ok: true, now_ms: 0 })
  pool.quarantine(target, { id: 'b' }, 1000)
  t.strictSame(sequence(pool, [one, one, two, two]), ['c', 'c', 'c', 'c'])
})

test('least_used takes who carries least, and among equals who was unused for longest', async (t) => {
  const pool = poolOf('least_used', abc)
  t.strictSame(sequence(pool, times(4)), ['a', 'b', 'c', 'a'])
  pool.began(pool.exits[1]!)
  t.strictSame(sequence(pool, times(4)), ['c', 'a', 'c', 'a'], 'b carries one')
})

test('least_used: who comes back from a quarantine gets its turn and no more', async (t) => {
  const pool = poolOf('least_used', abc)
  pool.quarantine(target, { id: 'b' }, 10)
  t.strictSame(sequence(pool, times(4)), ['a', 'c', 'a', 'c'])
  t.strictSame(sequence(pool, times(4, { now_ms: 10 })), ['b', 'a', 'c', 'b'])
})

test('health_weighted leaves who fails less and less, and returns when nothing was heard of it for long', async (t) => {
  const pool = poolOf('health_weighted', abc)
  const [a] = pool.exits
  const share = (now_ms: number) => {
    const all = Array.from({ length: 1000 }, (_, n) => pool.assign(askOf({ draw: n / 1000, now_ms }))!.id)
    return all.filter((id) => id === 'a').length
  }
  const shares = [share(0)]
  for (let n = 0; n < 9; n++) {
    pool.began(a!)
    pool.ended(a!, { ok: false, now_ms: 0 })
    shares.push(share(0))
  }
  t.strictSame(shares, [334, 200, 143, 112, 91, 77, 67, 59, 53, 48])
  t.strictSame([30_000, 60_000, 120_000, 600_000].map(share), [84, 134, 243, 334])
})

test('nothing is assigned when all are in quarantine for that target; another target is served', async (t) => {
  const pool = poolOf('round_robin', abc)
  for (const { id } of pool.exits) pool.quarantine(target, { id }, 1000)
  t.equal(pool.assign(askOf()), undefined)
  t.equal(pool.shortage(askOf()), 'exit_pool_exhausted')
  t.strictSame(pool.quarantined(target, 999), ['a', 'b', 'c'])
  t.equal(pool.nextReleaseMs(target, 999), 1000)
  t.ok(pool.assign(askOf({ target: 'other.test:443' })))
  t.strictSame(pool.quarantined(target, 1000), [])
  t.equal(pool.nextReleaseMs(target, 1000), undefined)
  t.ok(pool.assign(askOf({ now_ms: 1000 })))
})

test('a quarantine is made longer, never shorter', async (t) => {
  const pool = poolOf('round_robin', abc)
  pool.quarantine(target, { id: 'a' }, 1000)
  pool.quarantine(target, { id: 'a' }, 500)
  t.strictSame(pool.quarantined(target, 999), ['a'])
  pool.quarantine(target, { id: 'a' }, 2000)
  t.strictSame(pool.quarantined(target, 1999), ['a'])
})

test('a full pool is another shortage than an exhausted one, and so is having none but those to avoid', async (t) => {
  const pool = poolOf('round_robin', abc, 1)
  for (const exit of pool.exits.slice(1)) pool.began(exit)
  t.equal(pool.assign(askOf())!.id, 'a', 'the others are full')
  pool.quarantine(target, { id: 'a' }, 1000)
  t.equal(pool.assign(askOf()), undefined)
  t.equal(pool.shortage(askOf()), 'exit_pool_full')
  const avoid = new Set(['b', 'c'])
  t.equal(pool.assign(askOf({ avoid })), undefined)
  t.equal(pool.shortage(askOf({ avoid })), 'no_other_exit')
})

test('an end without a beginning is a mistake of ours', async (t) => {
  const pool = poolOf('random', abc)
  t.throws(() => pool.ended(pool.exits[0]!, { ok: true, now_ms: 0 }), /had not begun/)
  t.throws(() => pool.began(exitOf('z')), /no exit z/)
})
