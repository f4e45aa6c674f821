/** The fault tape: what a draw hangs on, counted at the server, the same for every client and in every order. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type Fault, faultSchema } from '../../src/core/fault/fault.js'
import { NAMES_LIMIT, Occurrences } from '../../src/core/fault/occurrences.js'
import { createFaultPlan, type FaultPlan } from '../../src/core/fault/plan.js'
import { markOf } from '../../src/core/fault/tape.js'
import { capacitySchema, createCapacity } from '../../src/core/origin/capacity.js'
import { chanceFrom } from '../../src/lib/random.js'

const fault = (more: object = {}): Fault =>
  faultSchema.parse({ id: 'rst', on: 'app', at: 'request_head', effect: 'reset', ...more })

test('whose attempt a request is', async (t) => {
  const table: [id: string, client: string | undefined, key: string | undefined][] = [
    ['plain-1', 'plain', '-1/1'],
    ['plain-10000000', 'plain', '-10000000/1'],
    ['two-words_2-17', 'two-words_2', '-17/1'],
    ['many.0-17', 'many', '.0-17/1'],
    ['many.99-1', 'many', '.99-1/1'],
    ['550e8400-e29b-41d4-a716-446655440000', undefined, undefined],
    ['a50e8400-e29b-41d4-a716-446655440000', undefined, undefined],
    ['Plain-1', undefined, undefined],
    ['plain', undefined, undefined],
    ['plain-1 ', undefined, undefined],
    ['-1', undefined, undefined],
    ['many.x-1', undefined, undefined],
  ]
  for (const [id, client, key] of table) {
    const mark = markOf(id, 0)
    t.strictSame([mark.request, mark.client, mark.key], [id, client, key], id)
  }
  t.equal(markOf('plain-1', 2).key, '-1/3', 'the third with that id')
})

/** Whether the fault takes the attempt with that id. */
const meet = (plan: FaultPlan, id: string): boolean =>
  plan.take('app', 'request_head', { now_ms: 0, ...plan.mark('app', id) }) !== undefined

test('the same fate for all clients, whatever the order, and however often another retries', async () => {
  const attempts = fc.array(
    fc.record({ n: fc.integer({ min: 1, max: 9 }), client: fc.constantFrom('a', 'b', 'c-1') }),
    {
      maxLength: 80,
    },
  )
  fc.assert(
    fc.property(attempts, fc.integer({ min: 0 }), (sent, seed) => {
      const plan = createFaultPlan([fault({ probability: '40%' })], chanceFrom(seed))
      const alone = createFaultPlan([fault({ probability: '40%' })], chanceFrom(seed))
      const fates = new Map<string, boolean[]>()
      for (const { n, client } of sent) {
        const id = `${client}-${n}`
        fates.set(id, [...(fates.get(id) ?? []), meet(plan, id)])
      }
      for (const [id, seen] of fates) {
        const n = id.slice(id.lastIndexOf('-'))
        // A client of its own name, by itself: attempt by attempt the same.
        assert.deepEqual(
          seen.map(() => meet(alone, `${id.slice(0, -n.length)}x${n}`)),
          seen,
          id,
        )
        alone.reset()
      }
    }),
  )
})

test('attempts fall independently: success is 1 - p^k, and its share of faults is p', async (t) => {
  const requests = 20_000
  for (const p of [0.05, 0.2, 0.5]) {
    const plan = createFaultPlan([fault({ probability: `${p * 100}%` })], chanceFrom(3))
    let [failed, sent] = [0, 0]
    for (let n = 1; n <= requests; n++) {
      let attempt = 1
      for (; attempt <= 3 && meet(plan, `a-${n}`); attempt++) sent++
      if (attempt <= 3) sent++
      else failed++
    }
    const [lost, load] = [failed / requests, sent / requests]
    const sd = Math.sqrt((p ** 3 * (1 - p ** 3)) / requests)
    t.ok(Math.abs(lost - p ** 3) < 4 * sd, `p ${p}: ${lost} lost, ${p ** 3} expected`)
    const expected = (1 - p ** 3) / (1 - p)
    t.ok(Math.abs(load - expected) < 4 * Math.sqrt(2 / requests), `p ${p}: load ${load}, ${expected} expected`)
  }
})

test('without such an id it goes by the order, as ever', async (t) => {
  const plan = createFaultPlan([fault({ probability: '50%' })], chanceFrom(1))
  const twin = createFaultPlan([fault({ probability: '50%' })], chanceFrom(1))
  t.equal(plan.mark('app', ''), undefined)
  const [foreign, none] = [plan, twin].map((one, index) =>
    Array.from({ length: 30 }, () => meet(one, index === 0 ? 'ORDER/7' : '')),
  )
  t.strictSame(foreign, none)
})

test('what an effect draws hangs on the attempt, too', async (t) => {
  const plan = createFaultPlan([fault()], chanceFrom(1))
  const drawn = (key?: string) => {
    const draw = plan.draws('rst', key)
    return [draw(), draw()]
  }
  const first = drawn('-1/1')
  drawn()
  t.strictSame(drawn('-1/1'), first)
  t.notSame(drawn('-1/2'), first)
  t.not(first[0], first[1])
})

test('service times hang on the attempt, too', async (t) => {
  const config = capacitySchema.parse({ workers: 9, service_time: { type: 'exponential', mean: '10ms' } })
  const served = (keys: readonly string[]) => {
    const app = createCapacity(config, 'app', chanceFrom(1))
    return Object.fromEntries(keys.map((key, id) => [key, app.arrive(id, '/', 0, key)])) as unknown as Record<
      string,
      [Work]
    >
  }
  type Work = { for_ms: number }
  const [there, back] = [served(['-1/1', '-1/2', '-2/1']), served(['-2/1', '-3/1', '-1/1', '-1/2'])]
  for (const [key, [{ for_ms }]] of Object.entries(there)) t.equal(back[key]![0].for_ms, for_ms, key)
  t.equal(new Set(Object.values(back).map(([{ for_ms }]) => for_ms)).size, 4)
})

test('each client, or each request, meets its own count', async (t) => {
  const fates = (more: object, ids: readonly string[]) => {
    const plan = createFaultPlan([fault(more)], chanceFrom(1))
    return ids.map((id) => (meet(plan, id) ? 'x' : '.')).join('')
  }
  const ids = ['a-1', 'b-1', 'a-1', 'b-2', 'a-1', 'b-1', 'a.3-2', '', '']
  t.equal(fates({ first: 2 }, ids), 'xx.......')
  t.equal(fates({ first: 2, per: 'client' }, ids), 'xxxx...xx', 'a with all its instances, b, and whoever says nothing')
  t.equal(fates({ first: 1, per: 'request' }, ids), 'xx.x..xx.')
  t.equal(fates({ after: 1, per: 'request' }, ids), '..x.xx..x')
  t.equal(fates({ sequence: ['pass', 'fault'], per: 'request' }, ids), '..x..x..x')
})

test('a plan that goes on in another process has counted the same', async (t) => {
  const made = () => createFaultPlan([fault({ probability: '50%', first: 9, per: 'client' })], chanceFrom(5))
  const [whole, before, after] = [made(), made(), made()]
  const ids = Array.from({ length: 40 }, (_, n) => `${n % 3 ? 'a' : 'b'}-${n % 4}`)
  const expected = ids.map((id) => meet(whole, id))
  const first = ids.slice(0, 20).map((id) => meet(before, id))
  after.resume(JSON.parse(JSON.stringify(before.counts())))
  t.strictSame([...first, ...ids.slice(20).map((id) => meet(after, id))], expected)
})

test('memory is bounded: whoever was quiet for longest counts anew', async (t) => {
  const seen = new Occurrences()
  seen.next('quiet')
  seen.next('busy')
  for (let n = 0; n < NAMES_LIMIT - 2; n++) seen.next(`${n}`)
  t.equal(seen.next('busy'), 1)
  seen.next('one more')
  t.equal(seen.told().length, NAMES_LIMIT)
  t.strictSame([seen.next('quiet'), seen.next('busy')], [0, 2])
})
