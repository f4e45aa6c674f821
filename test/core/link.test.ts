/** What a link does with the chunks of one connection, without a socket: splits, draws, counts, paces. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type Fault, faultSchema } from '../../src/core/fault/fault.js'
import { createFaultPlan } from '../../src/core/fault/plan.js'
import { createCrossing, type Fate } from '../../src/core/link/crossing.js'
import { chanceFrom } from '../../src/lib/random.js'

const LINK = 'lb->app'

const fault = (more: object): Fault => faultSchema.parse({ id: 'f', on: LINK, at: 'wire', effect: 'reset', ...more })

function crossing(faults: Fault[], { seed = 1, ordinal = 1 } = {}) {
  const chance = chanceFrom(seed)
  const plan = createFaultPlan(faults, chance)
  const one = createCrossing(LINK, ordinal, faults, plan, chance)
  return (direction: 'up' | 'down', bytes: number, nowMs = 0): Fate[] =>
    one.arrive(direction, bytes, { load_ms: nowMs, steady_ms: nowMs })
}

const told = (fates: Fate[]): string[] =>
  fates.map((fate) => {
    const fired = fate.fault ? ` ${fate.fault.id}` : ''
    return fate.do === 'pass' ? `${fate.bytes} in ${fate.in_ms}${fired}` : `${fate.do}${fired}`
  })

test('a chunk is split exactly where a fault begins', async (t) => {
  const arrive = crossing([fault({ at: { type: 'wire', direction: 'up', after: '17B' } })])
  t.strictSame(told(arrive('up', 10)), ['10 in 0'])
  t.strictSame(told(arrive('down', 100)), ['100 in 0'])
  t.strictSame(told(arrive('up', 10)), ['7 in 0', 'reset f'])
})

test('so many bytes and no more harm nothing', async (t) => {
  const arrive = crossing([fault({ at: { type: 'wire', after: '17B' } })])
  t.strictSame(told(arrive('up', 17)), ['17 in 0'])
  t.strictSame(told(arrive('up', 1)), ['reset f'])
})

test('several faults share a chunk, each from its byte on; the first of the file takes it', async (t) => {
  const slow = { type: 'delay', by: '5ms' }
  const arrive = crossing([
    fault({ id: 'cut', at: { type: 'wire', after: '30B' }, effect: 'close' }),
    fault({ id: 'slow', at: { type: 'wire', after: '20B' }, effect: slow }),
  ])
  t.strictSame(told(arrive('down', 40)), ['20 in 0', '10 in 5 slow', 'close cut'])
})

test('a chunk is too large by what is left of it, and small ones are no occasion', async (t) => {
  const over = (more: object = {}) =>
    crossing([fault({ at: { type: 'wire', after: '100B' }, effect: { type: 'swallow', over: '50B' }, ...more })])
  t.strictSame(told(over()('up', 150)), ['100 in 0', '50 in 0'])
  t.strictSame(told(over()('up', 151)), ['100 in 0', '51 in Infinity f'])
  const first = over({ first: 1 })
  t.strictSame(told([...first('up', 120), ...first('up', 50), ...first('up', 51)]).at(-1), '51 in Infinity f')
})

test('what is lost goes on when the path is there again', async (t) => {
  const arrive = crossing([fault({ effect: 'stall', window: { from: '10ms', to: '30ms' } })])
  t.strictSame(told(arrive('up', 5, 9)), ['5 in 0'])
  t.strictSame(told(arrive('up', 5, 10)), ['5 in 20 f'])
  t.strictSame(told(arrive('up', 5, 30)), ['5 in 0'])
  t.strictSame(told(crossing([fault({ effect: 'stall' })])('up', 5)), ['5 in Infinity f'])
})

test('a throttled lane is free again when its last piece has had its time', async (t) => {
  const arrive = crossing([fault({ effect: { type: 'throttle', chunk: '10B', every: '4ms' } })])
  t.strictSame(told(arrive('up', 10, 0)), ['10 in 0'], 'nothing was held')
  t.strictSame(told(arrive('up', 25, 1)), ['25 in 3 f'])
  t.strictSame(told(arrive('up', 1, 2)), ['1 in 14'], 'counted already')
  t.strictSame(told(arrive('down', 11, 2)), ['11 in 0 f'], 'each direction has its own')
  t.strictSame(told(arrive('up', 1, 100)), ['1 in 0'])
})

test('a fault counts once for what a side says in turn, and not where it changes nothing', async (t) => {
  const late = crossing([fault({ effect: { type: 'delay', by: '1ms' } })])
  t.strictSame([late('up', 1), late('up', 2), late('down', 3), late('down', 4), late('up', 5)].flatMap(told), [
    '1 in 1 f',
    '2 in 1',
    '3 in 1 f',
    '4 in 1',
    '5 in 1 f',
  ])
  const never = { type: 'retransmission', loss: '0%' }
  t.strictSame(told(crossing([fault({ effect: { type: 'delay', by: never } })])('up', 1)), ['1 in 0'])
})

test('draws differ by link, connection, direction and turn, and by nothing else', async (t) => {
  const faults = [fault({ effect: { type: 'delay', by: { type: 'uniform', from: '0ms', to: '1s' } } })]
  const delay = (fates: Fate[]): number => (fates[0] as Extract<Fate, { do: 'pass' }>).in_ms
  const story = (options: object): number[] => {
    const arrive = crossing(faults, options)
    return [delay(arrive('up', 9)), delay(arrive('down', 9)), delay(arrive('up', 9)), delay(arrive('down', 9))]
  }
  t.strictSame(story({}), story({}))
  const all = [...story({}), ...story({ ordinal: 2 }), ...story({ seed: 2 })]
  t.equal(new Set(all).size, all.length)

  const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(sizes, sizes, (one, other) => {
      const after = (chunks: number[]): number => {
        const arrive = crossing(faults)
        for (const bytes of chunks) arrive('up', bytes)
        return delay(arrive('down', 1))
      }
      // However a kernel cut the request: the answer's fate is the same.
      assert.equal(after(one), after(other))
    }),
  )
})

test('whatever the chunks, every byte up to the cut has its fate once', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 })
  const cuts = fc.integer({ min: 0, max: 20_000 })
  fc.assert(
    fc.property(sizes, cuts, cuts, (chunks, cut, slow) => {
      const arrive = crossing([
        fault({ at: { type: 'wire', after: `${cut}B` } }),
        fault({ id: 'slow', at: { type: 'wire', after: `${slow}B` }, effect: { type: 'delay', by: '1ms' } }),
      ])
      const sent = chunks.reduce((sum, bytes) => sum + bytes, 0)
      let passed = 0
      let late = 0
      for (const bytes of chunks) {
        const fates = arrive('up', bytes)
        for (const fate of fates) {
          if (fate.do !== 'pass') continue
          passed += fate.bytes
          if (fate.in_ms > 0) late += fate.bytes
        }
        if (fates.at(-1)!.do !== 'pass') break
      }
      assert.equal(passed, Math.min(sent, cut))
      assert.equal(late, Math.max(0, Math.min(sent, cut) - slow))
    }),
  )
})

test('a link’s address is under its own faults first, then those of the hop behind it', async (t) => {
  const at = 'connect'
  const plan = createFaultPlan(
    [
      fault({ id: 'hop', on: 'app', at, effect: 'refuse' }),
      fault({ id: 'link', at, effect: 'refuse', window: { from: '10ms', to: '20ms' } }),
    ],
    chanceFrom(1),
  )
  const under = (place: string) => [0, 10, 20].map((now) => plan.address(place, now)?.id)
  t.strictSame(under(LINK), ['hop', 'link', 'hop'])
  t.strictSame(under('app'), ['hop', 'hop', 'hop'])
  t.strictSame(under('other->app'), ['hop', 'hop', 'hop'])
  t.strictSame(
    [0, 10, 20].map((now) => plan.nextAddressChange(LINK, now)),
    [10, 20, undefined],
  )
  t.equal(plan.nextAddressChange('app', 0), undefined)
})
