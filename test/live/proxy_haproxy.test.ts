/** What the mini proxy does otherwise in HAProxy's dialect, on real sockets. */
import t from 'tap'
import { exchange, good, lone, portOf, statusOf, withRig } from './peers.js'

/** Each was asked of HAProxy 2.6.12, which answered 200. */
const HOSTS = ['a b', 'a/b@c', 'u@c', 'x, y', 'x\ty', 'x:99999']

t.test('a Host that is none is passed on', async (t) => {
  await withRig(lone({}, { dialect: 'haproxy' }), async (lab) => {
    const port = portOf(lab, 'lb')
    for (const host of HOSTS) {
      const bytes = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
      t.equal(statusOf((await exchange(port, bytes)).received), 200, JSON.stringify(host))
    }
    t.equal(lab.facts.origins.get('app')!.requests, HOSTS.length)
    t.match(await good(port), /^HTTP\/1\.1 200 /)
  })
})
