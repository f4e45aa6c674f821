/** What is wrong with the words of a proxy, told with the place in the file. */
import { test } from 'tap'
import { problemsOf, withLines } from './problems.js'

/** Line 7 of the good scenario. */
const withProxy = (more: string): string => withLines({ 7: `  lb: { kind: proxy, to: [app1, fw], ${more} }` })

test('a Server header that no dialect would say', async (t) => {
  t.strictSame(problemsOf(withProxy('dialect: nginx, server_header: edge-example')), [
    '7:54: hops.lb.server_header: dialect: nginx lets no scenario choose its Server header, expected dialect: edge',
  ])
  t.strictSame(problemsOf(withProxy('server_header: edge-example')), [
    '7:38: hops.lb.server_header: the usual dialect lets no scenario choose its Server header, expected dialect: edge',
  ])
  t.strictSame(problemsOf(withProxy('dialect: edge, server_header: edge-example')), [])
})

test('values that no header can have, addresses that are not loopback', async (t) => {
  t.match(problemsOf(withProxy('dialect: edge, server_header: "a\\n"'))[0], /printable ASCII/)
  t.match(problemsOf(withProxy('source: 10.0.0.1'))[0], /127\.0\.0\.0\/8/)
  t.strictSame(problemsOf(withProxy('source: 127.0.30.1')), [])
  t.match(problemsOf(withProxy('cache: { ttl: 1s, errors: { for: 0s } }'))[0], /expected a time/)
  t.match(problemsOf(withProxy('cache: { ttl: 1s, errors: { for: 1s, statuses: [200] } }'))[0], /400/)
})
