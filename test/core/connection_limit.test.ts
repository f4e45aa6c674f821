/** An origin's limit of connections for each address: never more than that are open, and one that ends makes room. */
import fc from 'fast-check'
import { test } from 'tap'
import { ConnectionLimit, connectionLimitSchema } from '../../src/core/origin/connection_limit.js'

test('each address has its own, and what has ended makes room', async (t) => {
  const limit = new ConnectionLimit(connectionLimitSchema.parse({ per_source: 2 }))
  t.strictSame(
    ['a', 'a', 'a', 'b'].map((source) => limit.refuses(source)),
    [undefined, undefined, 'reset', undefined],
  )
  limit.ended('a')
  t.equal(limit.refuses('a'), undefined)
  t.equal(limit.refuses('a'), 'reset')
  const closing = new ConnectionLimit(connectionLimitSchema.parse({ per_source: 1, over: 'close' }))
  closing.refuses('a')
  t.equal(closing.refuses('a'), 'close')
})

test('in whatever order they come and go, the limit is met exactly', async (t) => {
  const moves = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.boolean()), { maxLength: 60 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), moves, (per_source, all) => {
      const limit = new ConnectionLimit({ per_source, over: 'reset' })
      const open: Record<string, number> = { a: 0, b: 0 }
      for (const [source, comes] of all) {
        if (comes) {
          const room = open[source]! < per_source
          if ((limit.refuses(source) === undefined) !== room) return false
          if (room) open[source]!++
        } else if (open[source]! > 0) {
          limit.ended(source)
          open[source]!--
        }
      }
      return true
    }),
  )
  t.end()
})
