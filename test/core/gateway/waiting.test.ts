/** Pauses of targets, and the queue of requests that wait: every transition, and what no sequence can make them do. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { Pauses } from '../../../src/core/gateway/pauses.js'
import { RetryQueue, retryQueueSchema } from '../../../src/core/gateway/retry_queue.js'

const target = 'shop.test:443'
const pause = { for_ms: 100, probes: 2 }

test('paused, one probe at a time, open after as many as it takes', async (t) => {
  const pauses = new Pauses()
  t.equal(pauses.pass(target, 0), 'go')
  t.equal(pauses.pause(target, pause, 0), true)
  t.equal(pauses.pause(target, pause, 50), false, 'it was paused; now for longer')
  t.equal(pauses.nextMs(target), 150)
  t.equal(pauses.pass(target, 149), 'wait')
  t.equal(pauses.pass('other.test:443', 149), 'go')
  t.equal(pauses.pass(target, 150), 'probe')
  t.equal(pauses.pass(target, 150), 'wait', 'one at a time')
  t.equal(pauses.nextMs(target), undefined)
  t.equal(pauses.probed(target, true, 160), false, 'one more')
  t.equal(pauses.pass(target, 160), 'probe')
  t.equal(pauses.probed(target, null, 161), false, 'that one came to nothing')
  t.equal(pauses.pass(target, 161), 'probe')
  t.equal(pauses.probed(target, true, 170), true)
  t.equal(pauses.pass(target, 170), 'go')
  t.equal(pauses.isPaused(target), false)
})

test('a probe that fails pauses the target again, and the count of probes begins anew', async (t) => {
  const pauses = new Pauses()
  pauses.pause(target, pause, 0)
  pauses.pass(target, 100)
  pauses.probed(target, true, 110)
  pauses.pass(target, 110)
  t.equal(pauses.probed(target, false, 120), false)
  t.equal(pauses.nextMs(target), 220)
  t.equal(pauses.pass(target, 219), 'wait')
  t.equal(pauses.pass(target, 220), 'probe')
  t.equal(pauses.probed(target, true, 221), false)
})

test('what was sent before a pause does not end it', async (t) => {
  const pauses = new Pauses()
  pauses.pause(target, pause, 0)
  t.equal(pauses.probed(target, true, 10), false)
  t.equal(pauses.pass(target, 20), 'wait')
})

const queueOf = (more: object = {}) => new RetryQueue<string>(retryQueueSchema.parse({ deadline: '100ms', ...more }))
const go = () => true

test('who is due first goes first, and who came first among equals', async (t) => {
  const queue = queueOf()
  const dues: [string, number][] = [
    ['a', 30],
    ['b', 10],
    ['c', 30],
    ['d', 50],
  ]
  for (const [item, due_ms] of dues) t.equal(queue.enter({ item, since_ms: 0, due_ms }), 'waiting')
  t.equal(
    queue.nextMs(0, () => undefined),
    10,
  )
  t.strictSame(queue.take(9, go), [])
  t.strictSame(
    queue.take(30, go).map(({ item }) => item),
    ['b', 'a', 'c'],
  )
  queue.leave('d')
  t.equal(queue.length, 0)
  t.equal(
    queue.nextMs(30, () => undefined),
    undefined,
  )
})

test('it refuses more than it may hold, and who would be due after the deadline', async (t) => {
  const queue = queueOf({ size: 1 })
  t.equal(queue.enter({ item: 'a', since_ms: 0, due_ms: 101 }), 'too_late')
  t.equal(queue.enter({ item: 'a', since_ms: 0, due_ms: 100 }), 'waiting')
  t.equal(queue.enter({ item: 'b', since_ms: 0, due_ms: 1 }), 'full')
})

test('who may not go stays, and is late when its deadline has passed', async (t) => {
  const queue = queueOf()
  queue.enter({ item: 'a', since_ms: 0, due_ms: 10 })
  t.strictSame(
    queue.take(20, () => false),
    [],
  )
  t.equal(
    queue.nextMs(20, () => 60),
    60,
  )
  t.equal(
    queue.nextMs(20, () => 500),
    101,
    'not after its deadline',
  )
  t.equal(
    queue.nextMs(20, () => undefined),
    101,
  )
  t.strictSame(queue.take(101, go), [{ item: 'a', late: true }])
})

test('nobody waits beyond the deadline, nobody is lost, nobody leaves twice', async () => {
  const entry = fc.record({ since: fc.nat(50), wait: fc.nat(150), held: fc.boolean() })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (entries, size) => {
      const queue = new RetryQueue<number>({ size, deadline: 100 })
      const inside = new Set<number>()
      entries.forEach(({ since, wait }, item) => {
        if (queue.enter({ item, since_ms: since, due_ms: since + wait }) === 'waiting') inside.add(item)
      })
      assert.ok(inside.size <= size)
      let now = 0
      for (let rounds = 0; rounds < 200; rounds++) {
        const next = queue.nextMs(now, (item) => (entries[item]!.held ? undefined : now + 1))
        if (next === undefined) break
        assert.ok(next > now || now === 0)
        now = Math.max(now, next)
        for (const { item, late } of queue.take(now, (item) => !entries[item]!.held)) {
          assert.ok(inside.delete(item), 'once')
          const { since, wait, held } = entries[item]!
          assert.ok(late ? held && now > since + 100 : now >= since + wait && now <= since + 100)
        }
      }
      assert.equal(inside.size, 0)
      assert.equal(queue.length, 0)
    }),
  )
})
