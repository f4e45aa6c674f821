/** What no sequence of requests, ends and quarantines can make a pool of exits do. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type AssignmentConfig, assignments } from '../../../src/core/gateway/assignments/index.js'
import type { ExitPool } from '../../../src/core/gateway/exit_pool.js'
import type { Exit } from '../../../src/core/gateway/exits.js'
import { askOf, exitOf, letters, poolOf, target } from './pool.js'

const types = Object.keys(assignments) as AssignmentConfig['type'][]
const draw = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const targets = fc.constantFrom(target, 'other.test:443')

const op = fc.record({
  what: fc.constantFrom('ask', 'ask', 'ask', 'end', 'end', 'quarantine', 'later'),
  which: fc.nat(50),
  ok: fc.boolean(),
  target: targets,
  session: fc.constantFrom(undefined, undefined, 'one', 'two'),
  avoid: fc.array(fc.constantFrom(...letters(6)), { maxLength: 3 }),
  draw,
})
type Op = typeof op extends fc.Arbitrary<infer One> ? One : never

const exits = fc
  .array(fc.record({ capacity: fc.integer({ min: 1, max: 3 }), weight: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((all) => all.map((more, index) => exitOf(letters(6)[index]!, more)))

interface Asked extends Op {
  now: number
  /** Who might have been assigned, by what is told from outside. */
  open: readonly Exit[]
  exit: Exit | undefined
  /** What each carried before. */
  used: ReadonlyMap<string, number>
}

/** Carries them out and tells of every ask. */
function carryOut(pool: ExitPool, ops: readonly Op[], each: (asked: Asked) => void): void {
  const carried: Exit[] = []
  let now = 0
  for (const one of ops) {
    if (one.what === 'later') now += one.which * 10
    else if (one.what === 'end' && carried.length > 0) {
      const [exit] = carried.splice(one.which % carried.length, 1)
      pool.ended(exit!, { ok: one.ok, now_ms: now })
    } else if (one.what === 'quarantine') {
      pool.quarantine(one.target, pool.exits[one.which % pool.exits.length]!, now + 100)
    } else if (one.what === 'ask') {
      const avoid = new Set(one.avoid)
      const quarantined = new Set(pool.quarantined(one.target, now))
      const used = new Map(pool.exits.map((exit) => [exit.id, carried.filter((it) => it === exit).length]))
      const open = pool.exits.filter(
        ({ id, capacity }) => !avoid.has(id) && !quarantined.has(id) && used.get(id)! < capacity,
      )
      const exit = pool.assign({ ...one, avoid, now_ms: now })
      each({ ...one, now, open, exit, used })
      if (!exit) continue
      pool.began(exit)
      carried.push(exit)
    }
  }
}

test('no exit over its capacity, to be avoided or in quarantine is assigned, and one is while there is any', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...types), exits, fc.array(op, { maxLength: 120 }), (type, exits, ops) => {
      carryOut(poolOf(type, exits), ops, ({ open, exit }) => {
        assert.equal(exit === undefined, open.length === 0)
        if (exit) assert.ok(open.includes(exit))
      })
    }),
    { numRuns: 500 },
  )
})

test('the shortage says what is the matter: all in quarantine, none but those to avoid, or no room', async () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.constantFrom(...types), exits, fc.array(op, { maxLength: 120 }), (type, exits, ops) => {
      const pool = poolOf(type, exits)
      carryOut(pool, ops, ({ exit, target, avoid, now, used }) => {
        if (exit) return
        const shortage = pool.shortage({ target, avoid: new Set(avoid), now_ms: now })
        seen.add(shortage)
        const quarantined = pool.quarantined(target, now)
        const left = exits.filter(({ id }) => !quarantined.includes(id))
        const wanted = left.filter(({ id }) => !avoid.includes(id))
        if (left.length === 0) assert.equal(shortage, 'exit_pool_exhausted')
        else if (wanted.length === 0) assert.equal(shortage, 'no_other_exit')
        else assert.ok(shortage === 'exit_pool_full' && wanted.every(({ id, capacity }) => used.get(id) === capacity))
      })
    }),
    { numRuns: 500, seed: 7 },
  )
  assert.equal(seen.size, 3, 'each was met')
})

test('a session keeps its exit for as long as that may be used', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...types), exits, fc.array(op, { maxLength: 120 }), (type, exits, ops) => {
      const held = new Map<string, Exit>()
      carryOut(poolOf(type, exits), ops, ({ session, open, exit }) => {
        if (session === undefined || !exit) return
        const before = held.get(session)
        if (before && open.includes(before)) assert.equal(exit, before)
        held.set(session, exit)
      })
    }),
  )
})

test('sticky keeps one exit for a target for as long as that may be used', async () => {
  fc.assert(
    fc.property(exits, fc.array(op, { maxLength: 120 }), (exits, ops) => {
      const held = new Map<string, Exit>()
      const named = ops.map((one) => ({ ...one, session: undefined }))
      carryOut(poolOf('sticky', exits), named, ({ target, open, exit }) => {
        const before = held.get(target)
        if (before && open.includes(before)) assert.equal(exit, before)
        if (exit) held.set(target, exit)
      })
    }),
  )
})

test('least_used: whoever is assigned carried no more than anybody who might have been', async () => {
  fc.assert(
    fc.property(exits, fc.array(op, { maxLength: 120 }), (exits, ops) => {
      const named = ops.map((one) => ({ ...one, session: undefined }))
      carryOut(poolOf('least_used', exits), named, ({ open, exit, used }) => {
        for (const other of open) assert.ok(used.get(exit!.id)! <= used.get(other.id)!)
      })
    }),
  )
})

test('least_used: what exits carry differs by at most 1 while none ends, and so do the turns they had', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(200), fc.boolean(), (size, asks, ends) => {
      const pool = poolOf(
        'least_used',
        letters(size).map((id) => exitOf(id, { capacity: 1000 })),
      )
      const turns = new Map(pool.exits.map(({ id }) => [id, 0]))
      for (let n = 0; n < asks; n++) {
        const exit = pool.assign(askOf())!
        turns.set(exit.id, turns.get(exit.id)! + 1)
        pool.began(exit)
        if (ends) pool.ended(exit, { ok: n % 2 === 0, now_ms: n })
        const all = [...turns.values()]
        assert.ok(Math.max(...all) - Math.min(...all) <= 1)
      }
    }),
  )
})

test('round_robin: over a cycle each exit has its weight exactly', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }), (weights) => {
      const all = weights.map((weight, index) => exitOf(letters(8)[index]!, { weight, capacity: 1000 }))
      const pool = poolOf('round_robin', all)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (let cycle = 0; cycle < 2; cycle++) {
        const got = Array.from({ length: total }, () => pool.assign(askOf())!.id)
        assert.deepEqual(
          all.map(({ id }) => got.filter((one) => one === id).length),
          weights,
        )
      }
    }),
  )
})

test('health_weighted tends to the healthy: who fails more often gets less than its share, and never nothing', async () => {
  const rates = fc.record({ bad: fc.integer({ min: 2, max: 9 }), more: fc.nat(2 ** 31) })
  fc.assert(
    fc.property(rates, ({ bad, more }) => {
      const pool = poolOf('health_weighted', [exitOf('well'), exitOf('bad')])
      const turns = { well: 0, bad: 0 }
      for (let n = 0; n < 400; n++) {
        // The golden ratio spreads draws evenly, so that no run is unlucky.
        const exit = pool.assign(askOf({ draw: ((n + (more % 1000)) * 0.6180339887498949) % 1, now_ms: n }))!
        turns[exit.id as 'well' | 'bad']++
        pool.began(exit)
        pool.ended(exit, { ok: exit.id === 'well' || turns.bad % 10 >= bad, now_ms: n })
      }
      assert.ok(turns.bad < 0.95 * turns.well, `${turns.bad} against ${turns.well}`)
      assert.ok(turns.bad > 0)
    }),
    { seed: 11 },
  )
})
