/** How long an address may be used: as long as its record says, to the millisecond. */
import { test } from 'tap'
import { createNameCache } from '../../src/core/proxy/name_cache.js'

test('an address is known until its TTL ends, and a newer one takes its place', async (t) => {
  const cache = createNameCache()
  t.equal(cache.get('app.test', 0), undefined)
  cache.put('app.test', '127.0.0.1', 5, 1000)
  cache.put('once.test', '127.0.0.2', 0, 1000)
  const at = (name: string) => [1000, 5999, 6000].map((now) => cache.get(name, now))
  t.strictSame(at('app.test'), ['127.0.0.1', '127.0.0.1', undefined])
  t.strictSame(at('once.test'), [undefined, undefined, undefined], '0 seconds: for this once only')
  cache.put('app.test', '127.0.0.3', 1, 3000)
  t.strictSame(
    [3999, 4000].map((now) => cache.get('app.test', now)),
    ['127.0.0.3', undefined],
  )
})
