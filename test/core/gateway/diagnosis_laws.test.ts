/** What no order of telling, no name and no healthy exit can do to a diagnosis. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import {
  type DiagnosedPool,
  type Diagnosis,
  diagnose,
  diagnosisClassNames,
  type ProcedureConfig,
  procedures,
} from '../../../src/core/gateway/diagnosis/index.js'
import type { Observation } from '../../../src/core/gateway/observation.js'
import { drawCase } from '../../diagnosis/cases.js'
import { observe } from '../../diagnosis/observed.js'
import { attempts, busy, edgePage, type Got, noRoom, poolOf, refused, reset, served, unauthorized } from './attempts.js'

const all: ProcedureConfig[] = [
  procedures.evidence.schema.parse({ type: 'evidence' }),
  procedures.threshold.schema.parse({ type: 'threshold' }),
  procedures.threshold.schema.parse({ type: 'threshold', counts: 'failures' }),
]
const procedure = fc.constantFrom(...all)

/** Any attempts at all, few enough to try many. */
const anything = fc
  .record({
    size: fc.integer({ min: 1, max: 9 }),
    profiles: fc.constantFrom<string[]>(['a'], ['a', 'b']),
    rounds: fc.integer({ min: 1, max: 12 }),
    gots: fc.array(fc.constantFrom<Got>(served, served, served, reset, refused, busy, unauthorized, noRoom, edgePage), {
      minLength: 1,
      maxLength: 40,
    }),
  })
  .map(({ size, profiles, rounds, gots }) => {
    const pool = poolOf(size, profiles)
    return { pool, seen: attempts(pool, rounds, (exit, round) => gots[(exit + round * size) % gots.length]!) }
  })

/** Cases as they are drawn for the table, the small ones. */
const drawn = fc
  .integer({ min: 200_000, max: 210_000 })
  .map((seed) => drawCase(seed, ['a', 'b']))
  .filter(({ subnets, requests }) => subnets.reduce((a, b) => a + b, 0) * requests < 900)
  .map((one) => ({ one, ...observe(one) }))

const shuffled = <T>(of: readonly T[], keys: readonly number[]): T[] =>
  of
    .map((value, n) => ({ value, key: keys[n % keys.length]! * (n + 1) }))
    .sort((a, b) => (a.key % 1) - (b.key % 1))
    .map(({ value }) => value)
const keys = fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 5, maxLength: 30 })

/** Sets: who is named, in any order. */
const named = ({ class: found, exits, profiles, subnets }: Diagnosis) => ({
  class: found,
  exits: exits?.toSorted(),
  profiles: profiles?.toSorted(),
  subnets: subnets?.toSorted(),
})

/** As many resets of one profile as of the other: who is named first is not who was told of first. */
const bothReset = (() => {
  const pool = poolOf(1, ['a', 'b'])
  return { pool, seen: attempts(pool, 6, () => reset) }
})()

test('the order in which attempts are told does not matter', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        drawn.map(({ pool, observations: seen }) => ({ pool, seen })),
      ),
      keys,
      procedure,
      (run, by, how) => {
        assert.deepEqual(diagnose(shuffled(run.seen, by), run.pool, how), diagnose(run.seen, run.pool, how))
      },
    ),
    { numRuns: 60, examples: [[bothReset, [0.1, 0.1, 0.1, 0.5, 0.1], all[1]!]] },
  )
  t.end()
})

test('names do not matter, nor the order of the pool', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        drawn.map(({ pool, observations: seen }) => ({ pool, seen })),
      ),
      keys,
      procedure,
      (run, by, how) => {
        const { pool, seen, back } = renamed(run.pool, run.seen, by)
        assert.deepEqual(named(back(diagnose(seen, pool, how))), named(diagnose(run.seen, run.pool, how)))
      },
    ),
    { numRuns: 60 },
  )
  t.end()
})

test('without a failure there is nothing, however late it was', (t) => {
  fc.assert(
    fc.property(
      anything,
      fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1 }),
      procedure,
      ({ pool, seen }, late, how) => {
        const well = seen.map((one, n) => {
          const { error: _, stage: __, ...rest } = one
          return { ...rest, ok: true, status: 200, ms: late[n % late.length]! }
        })
        assert.equal(diagnose(well, pool, how).class, 'none')
      },
    ),
  )
  t.end()
})

test('healthy exits beside blocked ones never make an origin that is down', (t) => {
  const blockedExits = drawn.filter(({ one }) => one.label === 'exit_block')
  fc.assert(
    fc.property(blockedExits, fc.integer({ min: 1, max: 40 }), procedure, ({ pool, observations }, more, how) => {
      const before = diagnose(observations, pool, how).class
      const { pool: larger, seen } = withHealthy(pool, observations, more)
      const after = diagnose(seen, larger, how).class
      assert.notEqual(after, 'origin_down')
      if (before === 'exit_block') assert.equal(after, 'exit_block')
    }),
    { numRuns: 20 },
  )
  t.end()
})

test('an answer is one of the classes, names only what there is, and says why', (t) => {
  fc.assert(
    fc.property(anything, procedure, ({ pool, seen }, how) => {
      const { class: found, because, exits = [], profiles = [], subnets = [] } = diagnose(seen, pool, how)
      assert.ok(diagnosisClassNames.includes(found))
      assert.ok(because.length > 0)
      assert.ok(exits.every((id) => pool.exits.some((exit) => exit.id === id)))
      assert.ok(subnets.every((network) => pool.exits.some(({ subnet }) => subnet === network)))
      assert.ok(profiles.every((name) => pool.profiles.includes(name)))
    }),
  )
  t.end()
})

function renamed(pool: DiagnosedPool, seen: readonly Observation[], by: readonly number[]) {
  const fresh = (names: readonly string[], word: string) => {
    const numbers = shuffled(
      names.map((_, n) => n),
      by,
    )
    return new Map(names.map((name, n) => [name, `${word}${numbers[n]}`]))
  }
  const exits = fresh(
    pool.exits.map(({ id }) => id),
    'x',
  )
  const subnets = fresh([...new Set(pool.exits.map(({ subnet }) => subnet))], 'n')
  const profiles = fresh(pool.profiles, 'p')
  const to = (map: Map<string, string>, name: string) => map.get(name) ?? name
  const from = (map: Map<string, string>, names: string[] | undefined) =>
    names?.map((name) => [...map].find(([, now]) => now === name)![0])
  const turned = pool.exits.map(({ id, subnet }) => ({ id: to(exits, id), subnet: to(subnets, subnet) }))
  return {
    pool: { exits: shuffled(turned, by), profiles: pool.profiles.map((name) => to(profiles, name)).reverse() },
    seen: seen.map((one) => ({
      ...one,
      exit: to(exits, one.exit),
      subnet: to(subnets, one.subnet),
      profile: to(profiles, one.profile),
    })),
    back: (found: Diagnosis) => ({
      ...found,
      ...(found.exits && { exits: from(exits, found.exits)! }),
      ...(found.profiles && { profiles: from(profiles, found.profiles)! }),
      ...(found.subnets && { subnets: from(subnets, found.subnets)! }),
    }),
  }
}

/** Each as busy as the others were, over the same time, in networks of their own. */
function withHealthy(pool: DiagnosedPool, observations: readonly Observation[], more: number) {
  const exits = Array.from({ length: more }, (_, n) => ({ id: `10.0.${n}.1`, subnet: `10.0.${n}.0/24` }))
  const some = observations.filter((_, n) => n % pool.exits.length === 0)
  const seen = exits.flatMap(({ id, subnet }) =>
    some.map(({ t, target, profile }) => ({
      t,
      target,
      exit: id,
      subnet,
      tag: '',
      profile,
      ok: true,
      status: 200,
      ms: 8,
    })),
  )
  return { pool: { ...pool, exits: [...pool.exits, ...exits] }, seen: [...observations, ...seen] }
}
