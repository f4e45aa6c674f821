/** What a proxy's cache keeps, when it answers, and what it says of that. */
import { test } from 'tap'
import {
  ageSeconds,
  type CachedRequest,
  cacheSchema,
  cacheStatusMember,
  createCache,
  isErrorStatus,
} from '../../src/core/proxy/cache.js'

type Fields = Record<string, string>
const headerOf = (fields: Fields) => (name: string) => fields[name]
const request = (more: Partial<{ method: string; path: string; fields: Fields }> = {}): CachedRequest => ({
  method: more.method ?? 'GET',
  path: more.path ?? '/',
  header: headerOf({ host: 'x', ...more.fields }),
})
const cacheOf = (more: object = {}) =>
  createCache<string>(cacheSchema.parse({ ttl: '10s', stale_if_error: '20s', ...more }))
/** With a response of these fields in it, asked for at 0. */
const filled = (fields: Fields = {}, more: object = {}) => {
  const cache = cacheOf(more)
  const terms = cache.terms(200, headerOf(fields))
  if (terms) cache.put(request(), 'kept', terms, 0)
  return cache
}
const looked = (cache: ReturnType<typeof cacheOf>, nowMs: number, asked = request()): string => {
  const found = cache.look(asked, nowMs)
  return found.do === 'answer' ? 'hit' : `${found.why}${found.entry ? ', may stand in' : ''}`
}

test('fresh until its time is over, then for a while in the place of a failure', async (t) => {
  t.equal(looked(cacheOf(), 0), 'uri-miss')
  const cache = filled()
  t.equal(looked(cache, 9_999), 'hit')
  t.equal(looked(cache, 10_000), 'stale, may stand in')
  t.equal(looked(cache, 29_999), 'stale, may stand in')
  t.equal(looked(cache, 30_000), 'stale')
  t.equal(looked(filled({}, { stale_if_error: '0ms' }), 10_000), 'stale')
})

test('what the response says goes before what the proxy was told', async (t) => {
  const freshUntil = (fields: Fields): number | undefined => {
    const cache = filled(fields)
    for (let s = 0; s <= 30; s++) if (looked(cache, s * 1000) !== 'hit') return s
    return undefined
  }
  const table: [Fields, number][] = [
    [{}, 10],
    [{ 'cache-control': 'max-age=3' }, 3],
    [{ 'cache-control': 'public, Max-Age="4"' }, 4],
    [{ 'cache-control': 'max-age=3, s-maxage=5' }, 5],
    [{ 'cache-control': 'max-age=9', age: '4' }, 5],
    [{ age: '4' }, 6],
    [{ 'cache-control': 'max-age=6', expires: '0' }, 6],
  ]
  for (const [fields, seconds] of table) t.equal(freshUntil(fields), seconds, JSON.stringify(fields))
  t.equal(looked(filled({ 'cache-control': 'must-revalidate' }), 10_000), 'stale', 'and never used stale')
  t.equal(looked(filled({ 'cache-control': 's-maxage=1' }), 1_000), 'stale', 'nor with s-maxage')
})

test('errors are kept only where it is told to, and for their own time', async (t) => {
  t.equal(cacheOf().ownTerms(502), undefined)
  const keeping = cacheOf({ errors: { statuses: [502, 504], for: '1s' } })
  const kept = { ageMs: 0, freshMs: 1000, strict: true }
  t.strictSame(keeping.terms(502, headerOf({})), kept)
  t.strictSame(keeping.ownTerms(504), kept)
  for (const status of [500, 503, 404]) {
    t.equal(keeping.terms(status, headerOf({})), undefined, String(status))
    t.equal(keeping.ownTerms(status), undefined, String(status))
  }
  t.match(keeping.terms(502, headerOf({ 'cache-control': 'max-age=3' })), { freshMs: 3000 })
  t.equal(keeping.terms(502, headerOf({ 'cache-control': 'no-store' })), undefined)
  keeping.put(request(), 'bad', keeping.ownTerms(502)!, 0)
  t.equal(looked(keeping, 999), 'hit')
  t.equal(looked(keeping, 1000), 'stale', 'an error stands in for nothing')
  t.strictSame(cacheSchema.parse({ ttl: '1s', errors: { for: '1s' } }).errors?.statuses, [500, 502, 503, 504])
})

test('what is not modelled is not kept', async (t) => {
  const cache = cacheOf()
  t.ok(cache.terms(200, headerOf({})))
  for (const status of [203, 204, 206, 301, 404, 500]) t.notOk(cache.terms(status, headerOf({})), String(status))
  const fields: Fields[] = [
    { 'cache-control': 'no-store' },
    { 'cache-control': 'max-age=5, private' },
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'max-age=soon' },
    { expires: 'Wed, 25 Nov 2026 00:00:00 GMT' },
    { vary: 'accept-encoding' },
    { 'set-cookie': 'a=b' },
    { age: 'old' },
  ]
  for (const one of fields) t.notOk(cache.terms(200, headerOf(one)), JSON.stringify(one))
})

test('requests that want something else go by', async (t) => {
  const cache = filled()
  for (const method of ['HEAD', 'POST', 'OPTIONS']) t.equal(looked(cache, 1, request({ method })), 'method', method)
  const names = ['authorization', 'range', 'if-none-match', 'if-modified-since', 'cache-control', 'pragma', 'upgrade']
  for (const name of names) t.equal(looked(cache, 1, request({ fields: { [name]: 'x' } })), 'bypass', name)
  t.equal(looked(cache, 1, request({ path: '/?a' })), 'uri-miss', 'another query')
  t.equal(looked(cache, 1, request({ fields: { host: 'y' } })), 'uri-miss', 'another host')
})

test('another method that went well makes it forget the target', async (t) => {
  const after = (method: string, status: number, path = '/') => {
    const cache = filled()
    cache.answered(request({ method, path }), status)
    return looked(cache, 1)
  }
  t.equal(after('POST', 201), 'uri-miss')
  t.equal(after('DELETE', 303), 'uri-miss')
  t.equal(after('POST', 500), 'hit', 'it failed')
  t.equal(after('HEAD', 200), 'hit', 'it is safe')
  t.equal(after('POST', 200, '/other'), 'hit')
})

test('beyond its limit, the one that was put first goes', async (t) => {
  const cache = cacheOf({ entries: 2 })
  const terms = cache.terms(200, headerOf({}))!
  for (const path of ['/1', '/2', '/1', '/3']) cache.put(request({ path }), path, terms, 0)
  t.same(
    ['/1', '/2', '/3'].map((path) => looked(cache, 1, request({ path }))),
    ['hit', 'uri-miss', 'hit'],
  )
})

test('Age and Cache-Status', async (t) => {
  const found = filled({ age: '2' }).look(request(), 1_500)
  if (found.do !== 'answer') return t.fail('not there')
  const { entry } = found
  t.equal(ageSeconds(entry, 1_500), 3)
  t.equal(cacheStatusMember('lb', { from: 'cache', entry }, 1_500), 'lb; hit; ttl=6')
  t.equal(cacheStatusMember('lb', { from: 'server', why: 'uri-miss', stored: true }, 0), 'lb; fwd=uri-miss; stored')
  t.equal(cacheStatusMember('lb', { from: 'server', why: 'method', stored: false }, 0), 'lb; fwd=method')
  const stale = (status: number | undefined) => cacheStatusMember('lb', { from: 'stale', entry, status }, 9_500)
  t.equal(stale(503), 'lb; fwd=stale; fwd-status=503; ttl=-2; detail=stale-if-error')
  t.equal(stale(undefined), 'lb; fwd=stale; ttl=-2; detail=stale-if-error')
})

test('errors are what RFC 5861 counts as such', async (t) => {
  const errors = [404, 500, 501, 502, 503, 504, 505].filter(isErrorStatus)
  t.same(errors, [500, 502, 503, 504])
})
