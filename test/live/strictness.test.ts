/** How strict an origin is about the framing of requests: every byte that comes back, and how the connection ends. */
import t from 'tap'
import type { RigInput } from '../../src/rig.js'
import { dialed, exchange, portOf, statusOf, withRig } from './peers.js'

const origin = (request_framing: object = {}): RigInput =>
  ({ hops: { app: { kind: 'origin', request_framing } } }) as RigInput

const post = (fields: string, body = ''): string => `POST /up HTTP/1.1\r\nHost: x\r\n${fields}\r\n${body}`
const chunked = post('Transfer-Encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n')
const sized = post('Content-Length: 2\r\n', 'hi')
const gzipped = post('Transfer-Encoding: gzip, chunked\r\n', '2\r\nhi\r\n0\r\n\r\n')
const odd = post('Transfer-Encoding: gzip\r\n', 'hi')

t.test('as Node has it, where nothing else is said', async (t) => {
  await withRig(origin(), async (lab) => {
    for (const bytes of [chunked, sized, gzipped, post('')]) {
      const peer = (await dialed(portOf(lab, 'app'))).send(bytes)
      t.equal(statusOf(await peer.until('\r\n\r\n')), 200, bytes)
      peer.socket.destroy()
    }
    const { received } = await exchange(portOf(lab, 'app'), odd)
    t.equal(statusOf(received), 400)
  })
})

t.test('a length is demanded: 411, or the connection is closed without a byte', async (t) => {
  await withRig(origin({ without_length: 411 }), async (lab) => {
    for (const bytes of [chunked, post('')]) {
      const peer = await exchange(portOf(lab, 'app'), bytes)
      t.match(peer.received, /^HTTP\/1\.1 411 Length Required\r\n/)
      t.equal(await peer.ended(), 'FIN')
    }
    t.match(lab.journal.filter(({ event }) => event === 'served').at(-1), { outcome: 'refused', status: 411 })
    const good = (await dialed(portOf(lab, 'app'))).send(sized)
    t.equal(statusOf(await good.until('\r\n\r\n')), 200)
    good.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await good.until('HTTP/1.1 200', 2)
    t.equal(good.received.split('HTTP/1.1 200').length, 3, 'a request without a body needs none')
    good.socket.destroy()
  })
  await withRig(origin({ without_length: 'close' }), async (lab) => {
    const peer = await exchange(portOf(lab, 'app'), chunked)
    t.same([await peer.ended(), peer.received], ['FIN', ''])
    t.match(lab.journal.at(-1), { event: 'served', outcome: 'refused', status: undefined, path: '/up' })
  })
})

t.test('a coding other than chunked is refused, whether Node would take it or not', async (t) => {
  await withRig(origin({ unknown_coding: 501 }), async (lab) => {
    for (const bytes of [gzipped, odd]) {
      const peer = await exchange(portOf(lab, 'app'), bytes)
      t.match(peer.received, /^HTTP\/1\.1 501 Not Implemented\r\n/, bytes)
      t.equal(await peer.ended(), 'FIN')
      t.match(lab.journal.at(-1), { event: 'served', outcome: 'refused', status: 501, method: 'POST', path: '/up' })
    }
  })
  await withRig(origin({ unknown_coding: 'close' }), async (lab) => {
    for (const bytes of [gzipped, odd]) {
      const peer = await exchange(portOf(lab, 'app'), bytes)
      t.same([await peer.ended(), peer.received], ['FIN', ''], bytes)
      t.match(lab.journal.at(-1), { event: 'served', outcome: 'refused', path: '/up' })
    }
    const good = (await dialed(portOf(lab, 'app'))).send(chunked)
    t.equal(statusOf(await good.until('\r\n\r\n')), 200)
    good.socket.destroy()
  })
})
