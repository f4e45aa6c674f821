/**
 * The capacity of an origin as a table, and what must hold in whatever order requests come and work ends: never more
 * than its workers, never a longer queue, nobody lost, one holder of the lock, first come first served.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { z } from 'zod'
import { type CapacityAction, capacitySchema, createCapacity } from '../../src/core/origin/capacity.js'
import { chanceFrom } from '../../src/lib/random.js'

type Input = Partial<z.input<typeof capacitySchema>>

const place = (input: Input = {}, seed = 1) =>
  createCapacity(capacitySchema.parse({ workers: 1, service_time: '10ms', ...input }), 'app', chanceFrom(seed))

test('one worker: the first is served, the second waits, the third is turned away', async (t) => {
  const app = place({ queue: 1 })
  t.strictSame(app.arrive(1, '/', 0), [{ do: 'work', id: 1, for_ms: 10 }])
  t.strictSame(app.arrive(2, '/', 1), [])
  t.strictSame(app.arrive(3, '/', 2), [{ do: 'shed', id: 3, how: 503 }])
  t.strictSame(app.elapsed(1, 10), [
    { do: 'finish', id: 1, spent: { queued_ms: 0, locked_ms: 0, worked_ms: 10 } },
    { do: 'work', id: 2, for_ms: 10 },
  ])
  t.strictSame(app.elapsed(2, 25), [{ do: 'finish', id: 2, spent: { queued_ms: 9, locked_ms: 0, worked_ms: 15 } }])
  t.match(app.state, { working: 0, waiting: 0 })
})

test('who is turned away: by RST, never, or before it connects', async (t) => {
  const reset = place({ when_full: 'reset' })
  reset.arrive(1, '/', 0)
  t.strictSame(reset.arrive(2, '/', 0), [{ do: 'shed', id: 2, how: 'reset' }])

  const patient = place({ when_full: 'queue', queue: 2 })
  t.strictSame(
    [1, 2, 3].flatMap((id) => patient.arrive(id, '/', 0)),
    [{ do: 'work', id: 1, for_ms: 10 }],
  )
  t.strictSame(patient.arrive(4, '/', 0), [{ do: 'overflow', id: 4, limit: 2 }], 'a limit that fails loudly')

  const deaf = place({ when_full: 'stop_accepting', queue: 1 })
  t.strictSame(deaf.arrive(1, '/', 0), [{ do: 'work', id: 1, for_ms: 10 }])
  t.strictSame(deaf.arrive(2, '/', 0), [{ do: 'stop_accepting' }], 'before the next connection comes')
  t.strictSame(deaf.arrive(3, '/', 0), [], 'on a connection that was open: unread')
  t.match(deaf.state, { waiting: 1, unread: 1, accepting: false })
  const [, next, ...none] = deaf.elapsed(1, 10)
  t.strictSame([next, none], [{ do: 'work', id: 2, for_ms: 10 }, []], 'still full: the unread one waits now')
  t.match(deaf.elapsed(2, 20), [{ do: 'finish' }, { do: 'work', id: 3 }, { do: 'accept' }])
})

test('the lock is held by one, others wait for it in their workers', async (t) => {
  const db = place({ workers: 3, queue: 1, service_time: '1ms', lock: { hold: '50ms', path: '/write*' } })
  t.strictSame(db.arrive(1, '/write/1', 0), [{ do: 'work', id: 1, for_ms: 50 }])
  t.strictSame(db.arrive(2, '/write/2', 0), [])
  t.strictSame(db.arrive(3, '/read', 0), [{ do: 'work', id: 3, for_ms: 1 }], 'who does not need it goes past')
  t.strictSame(db.arrive(4, '/read', 0), [], 'but all workers are occupied')
  t.equal(db.state.holder, 1)
  t.strictSame(
    db.elapsed(1, 50),
    [
      { do: 'work', id: 1, for_ms: 1 },
      { do: 'work', id: 2, for_ms: 50 },
    ],
    'handed on, then the rest of the work',
  )
  t.strictSame(db.elapsed(1, 51)[0], {
    do: 'finish',
    id: 1,
    spent: { queued_ms: 0, locked_ms: 0, worked_ms: 51 },
  })
  t.equal(db.state.holder, 2)
  db.elapsed(2, 100)
  t.match(db.elapsed(2, 101)[0], { spent: { locked_ms: 50, worked_ms: 51 } })
})

test('time that nobody asked for is a bug of the engine', async (t) => {
  t.throws(() => place().elapsed(7, 0), { name: 'InvariantError', message: 'request 7 is not being worked on' })
})

const configs = fc.record({
  workers: fc.integer({ min: 1, max: 5 }),
  queue: fc.integer({ min: 0, max: 5 }),
  when_full: fc.constantFrom('queue' as const, 503 as const, 'reset' as const, 'stop_accepting' as const),
  service_time: fc.constantFrom('0ms', '10ms', { type: 'exponential' as const, mean: '10ms' }),
  lock: fc.constantFrom(undefined, { hold: '30ms' }, { hold: '30ms', share: '40%' }, { hold: '5ms', path: '/w*' }),
})

/** A run on virtual time: arrivals at those times, timers as asked for; every action as it comes. */
function simulate(
  config: Input,
  gaps: readonly number[],
  seed: number,
  check: (app: ReturnType<typeof place>) => void,
) {
  const app = place(config, seed)
  const timers: { at: number; id: number; order: number }[] = []
  const story: (CapacityAction & { at: number })[] = []
  let order = 0
  const carryOut = (actions: CapacityAction[], at: number): void => {
    for (const action of actions) {
      story.push({ ...action, at })
      if (action.do === 'work') timers.push({ at: at + action.for_ms, id: action.id, order: order++ })
    }
    check(app)
  }
  const ring = (until: number): void => {
    for (;;) {
      timers.sort((a, b) => a.at - b.at || a.order - b.order)
      const next = timers[0]
      if (!next || next.at > until) return
      timers.shift()
      carryOut(app.elapsed(next.id, next.at), next.at)
    }
  }
  let now = 0
  for (const [id, gap] of gaps.entries()) {
    now += gap
    ring(now)
    carryOut(app.arrive(id, id % 2 ? '/w' : '/r', now), now)
  }
  ring(Number.POSITIVE_INFINITY)
  return { app, story }
}

const idsOf = (story: readonly CapacityAction[], what: CapacityAction['do']): number[] =>
  story.flatMap((action) => (action.do === what && 'id' in action ? [action.id] : []))

test('whatever comes, and whenever', async (t) => {
  const gaps = fc.array(fc.constantFrom(0, 0, 1, 7, 20, 100), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(configs, gaps, fc.integer(), (config, steps, seed) => {
      const { app, story } = simulate(config, steps, seed, ({ state }) => {
        assert.ok(state.working <= config.workers, 'never more in service than workers')
        assert.ok(state.waiting <= config.queue, 'never a queue over its limit')
        assert.ok(state.unread === 0 || state.waiting === config.queue, 'none is left unread while there is room')
        assert.ok(state.waiting === 0 || state.working === config.workers, 'none waits for an idle worker')
        const full = state.working === config.workers && state.waiting === config.queue
        assert.equal(state.accepting, config.when_full !== 'stop_accepting' || !full)
      })
      t.strictSame(app.state, { working: 0, waiting: 0, unread: 0, holder: undefined, accepting: true }, 'it ends idle')
      const ends = ['finish', 'shed', 'overflow'].flatMap((what) => idsOf(story, what as 'finish'))
      assert.deepEqual(
        ends.sort((a, b) => a - b),
        steps.map((_, id) => id),
        'every request ends exactly once',
      )
      if (config.when_full === 'stop_accepting') assert.equal(ends.length, idsOf(story, 'finish').length)
    }),
    { numRuns: 300 },
  )
})

test('first come, first served: workers in the order of arrival, the lock in the order of asking', async () => {
  const gaps = fc.array(fc.constantFrom(0, 1, 7, 20), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(configs, gaps, fc.integer(), (config, steps, seed) => {
      const { story } = simulate({ ...config, lock: undefined }, steps, seed, () => {})
      const begun = idsOf(story, 'work')
      assert.deepEqual(
        begun,
        [...begun].sort((a, b) => a - b),
      )
    }),
  )
  fc.assert(
    fc.property(configs, gaps, fc.integer(), (config, steps, seed) => {
      const held: { id: number; from: number; to: number }[] = []
      const { story } = simulate({ ...config, lock: { hold: '30ms' } }, steps, seed, () => {})
      for (const action of story) {
        // Of each request the first work is the lock's.
        if (action.do !== 'work' || held.some(({ id }) => id === action.id)) continue
        held.push({ id: action.id, from: action.at, to: action.at + action.for_ms })
      }
      for (const [n, { id, from }] of held.entries()) {
        const before = held[n - 1]
        if (before) assert.ok(before.to <= from && before.id < id, 'one holder at a time, in order')
      }
    }),
  )
})

test('the same seed gives the same times, and none depends on what others drew', async (t) => {
  const config: Input = { workers: 50, service_time: { type: 'lognormal', median: '10ms', sigma: 1 } }
  const times = (seed: number, ids: number[]) => {
    const app = place(config, seed)
    return ids.flatMap((id) => app.arrive(id, '/', 0).map((action) => (action.do === 'work' ? action.for_ms : 0)))
  }
  t.strictSame(times(3, [1, 2, 3]), times(3, [1, 2, 3]))
  t.strictNotSame(times(3, [1, 2, 3]), times(4, [1, 2, 3]))
  t.equal(new Set(times(3, [1, 2, 3, 4, 5])).size, 5)
})
