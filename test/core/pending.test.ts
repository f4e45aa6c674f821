/** The queue of requests that wait for a server: none is lost, none is served twice, and the order is kept. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { createPending } from '../../src/core/proxy/pending.js'

test('a queue never loses a request, keeps the order, and never holds more than its size', async () => {
  const op = fc.oneof(
    fc.record({ do: fc.constant('enter' as const) }),
    fc.record({ do: fc.constant('leave' as const), which: fc.nat(20) }),
    fc.record({
      do: fc.constant('advance' as const),
      slots: fc.nat(4),
      passes: fc.array(fc.boolean(), { maxLength: 5 }),
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(op, { maxLength: 60 }), (size, ops) => {
      const pending = createPending<number>(size)
      let model: number[] = []
      let next = 0
      for (const one of ops) {
        if (one.do === 'enter') {
          const entered = pending.enter(next)
          assert.equal(entered, model.length < size)
          if (entered) model.push(next)
          next++
        } else if (one.do === 'leave') {
          const gone = model[one.which % (model.length || 1)]
          if (gone !== undefined) pending.leave(gone)
          model = model.filter((item) => item !== gone)
        } else {
          let { slots } = one
          const passes = [...one.passes]
          const asked: number[] = []
          const taken: number[] = []
          pending.advance((item) => {
            asked.push(item)
            if (slots === 0) return 'nobody'
            if (passes.shift()) return 'passed'
            slots--
            taken.push(item)
            return 'taken'
          })
          assert.deepEqual(asked, model.slice(0, asked.length), 'asked in order, from the front')
          model = model.filter((item) => !taken.includes(item))
        }
        assert.equal(pending.length, model.length)
        assert.ok(pending.length <= size)
      }
      const served: number[] = []
      pending.advance((item) => {
        served.push(item)
        return 'taken'
      })
      assert.deepEqual(served, model, 'whoever is in it is served in the end')
    }),
  )
})

test('what is served may end at once, and let the next one in', async (t) => {
  const pending = createPending<number>(5)
  for (const item of [1, 2, 3]) pending.enter(item)
  const served: number[] = []
  const serve = (item: number) => {
    served.push(item)
    pending.leave(item)
    if (item === 1) pending.advance(serve)
    return 'taken' as const
  }
  pending.advance(serve)
  t.strictSame(served, [1, 2, 3])
  t.equal(pending.length, 0)
})
