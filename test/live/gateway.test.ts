/** The gateway on bare sockets: what it answers, byte for byte where it matters, whom it dials, and what it journals. */
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import type { ForwardEvent } from '../../src/journal/events.js'
import type { Rig, RigInput } from '../../src/rig.js'
import { dialed, exchange, forwardsIn, Peer, portOf, statusOf, until, withRig } from './peers.js'

/** An origin behind a gateway. */
const behind = (gw: object = {}, shop: object = {}, more: object = {}): RigInput =>
  ({ hops: { shop: { kind: 'origin', ...shop }, gw: { kind: 'gateway', to: ['shop'], ...gw } }, ...more }) as RigInput

const basic = (text: string) => `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}\r\n`
const get = (url: string, fields = '') => `GET ${url} HTTP/1.1\r\nHost: x\r\n${fields}Connection: close\r\n\r\n`
const asking = (authority: string, fields = '') =>
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${fields}\r\n`
const head = (received: string) => received.slice(0, received.indexOf('\r\n\r\n'))

const forwardOf = async (lab: Rig, count = 1): Promise<ForwardEvent> => {
  await until(() => forwardsIn(lab.journal, 'gw').length >= count)
  return forwardsIn(lab.journal, 'gw')[count - 1]!
}
/** An origin was asked by nobody. */
const undialled = (lab: Rig) =>
  lab.journal.every(({ event }) => event !== 'served') && !lab.facts.connections.get('shop')

t.test('a request in absolute form', async (t) => {
  await withRig(behind({}, { response: { body: 'hello' } }), async (lab) => {
    const { received } = await exchange(portOf(lab, 'gw'), get('http://shop.test/pricing?x', 'X-Request-Id: r1\r\n'))
    t.equal(statusOf(received), 200)
    t.match(head(received), /^Via: 1\.1 gw$/m)
    t.match(received, /hello$/)
    const forward = await forwardOf(lab)
    t.match(forward, { request: 'r1', method: 'GET', path: 'http://shop.test/pricing?x', status: 200 })
    t.match(forward.tries, [{ server: 'shop', status: 200, tls: false }])
    t.match(
      lab.journal.find(({ event }) => event === 'served'),
      { path: '/pricing?x', request: 'r1', peer: forward.tries[0]!.local! },
    )
    t.match(
      lab.journal.find((event) => event.event === 'connection' && event.hop === 'gw'),
      { peer: forward.peer! },
    )
  })
})

t.test('destinations: by name at 80, 443 or the real port, or by address; nobody else', async (t) => {
  await withRig(behind(), async (lab) => {
    const port = portOf(lab, 'shop')
    const status = async (url: string) => statusOf((await exchange(portOf(lab, 'gw'), get(url))).received)
    for (const url of [
      'http://shop.test/',
      `http://shop.test:${port}/`,
      `http://127.0.0.1:${port}/`,
      'http://shop.test:443/',
    ]) {
      t.equal(await status(url), 200, url)
    }
  })
  await withRig(behind(), async (lab) => {
    const { received } = await exchange(portOf(lab, 'gw'), get('http://example.com/'))
    t.equal(statusOf(received), 502)
    t.match(received, /^X-Proxy-Error: upstream_unknown$/m)
    t.match(received, /^Proxy-Status: gw;error=destination_not_found;details="no destination of this gateway"$/m)
    const tunnel = await exchange(portOf(lab, 'gw'), asking(`127.0.0.1:${portOf(lab, 'gw')}`))
    t.equal(statusOf(tunnel.received), 502, 'the gateway itself is none')
    t.match(await forwardOf(lab, 2), { method: 'CONNECT', tries: [], failure: { type: 'destination_not_found' } })
    t.ok(undialled(lab))
  })
})

t.test('a tunnel carries bytes as they are, both ends of it, and is journaled when it is over', async (t) => {
  await withRig(behind(), async (lab) => {
    const client = (await dialed(portOf(lab, 'gw'))).send(`${asking('shop.test:80')}GET /in HTTP/1.1\r\n`)
    await client.until('\r\n\r\n')
    t.equal(statusOf(client.received), 200)
    t.notMatch(client.received, /content-length|transfer-encoding/i)
    client.send('Host: shop.test\r\nConnection: close\r\n\r\n')
    t.equal(await client.ended(), 'FIN')
    t.match(client.body, /^HTTP\/1\.1 200 OK/)
    t.equal(forwardsIn(lab.journal).length, 0, 'half of it is still open')
    client.socket.end()
    const forward = await forwardOf(lab)
    t.match(forward, {
      method: 'CONNECT',
      path: 'shop.test:80',
      status: 200,
      failure: undefined,
      client_left: undefined,
    })
    t.equal(forward.tunnel!.down_bytes, client.body.length)
    t.equal(forward.tunnel!.up_bytes, 'GET /in HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n'.length)
    t.match(forward.tries, [{ server: 'shop', response_bytes: client.body.length, failure: undefined }])
  })
})

t.test('TLS end to end through a tunnel: the certificate is for the name that was asked for', async (t) => {
  await withRig(behind({}, { tls: true }), async (lab) => {
    const client = (await dialed(portOf(lab, 'gw'))).send(asking('shop.test:443'))
    await client.until('\r\n\r\n')
    const socket = connectTls({ socket: client.socket, servername: 'shop.test', ca: lab.ca })
    const inner = new Peer(socket).send('GET /secret HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n')
    await inner.until('200 OK')
    t.equal(socket.authorizationError, null)
    t.match(
      lab.journal.find(({ event }) => event === 'hello'),
      { hop: 'shop', sni: 'shop.test' },
    )
    socket.destroy()
  })
})

t.test('an https destination in absolute form: the gateway speaks TLS itself', async (t) => {
  await withRig(behind({}, { tls: true, response: { body: 'hello' } }), async (lab) => {
    const { received } = await exchange(portOf(lab, 'gw'), get('https://shop.test/'))
    t.equal(statusOf(received), 200)
    t.match(await forwardOf(lab), { tries: [{ tls: true, status: 200 }] })
    t.match(
      lab.journal.find(({ event }) => event === 'hello'),
      { sni: 'shop.test' },
    )
    const byAddress = await exchange(portOf(lab, 'gw'), get(`https://127.0.0.1:${portOf(lab, 'shop')}/`))
    t.equal(statusOf(byAddress.received), 200)
  })
})

t.test('credentials: none, unreadable and wrong ones are told apart, right ones stay at the gateway', async (t) => {
  await withRig(behind({ users: [{ name: 'alice', password: 'secret' }] }), async (lab) => {
    const port = portOf(lab, 'gw')
    const challenge = /^Proxy-Authenticate: Basic realm="gw", charset="UTF-8"$/m
    const wrong = ['', 'Proxy-Authorization: Basic !\r\n', 'Proxy-Authorization: Bearer x\r\n', basic('alice:x')]
    for (const bytes of wrong.flatMap((fields) => [get('http://shop.test/', fields), asking('shop.test:80', fields)])) {
      const { received } = await exchange(port, bytes)
      t.equal(statusOf(received), 407, bytes)
      t.match(received, challenge)
      t.match(received, /^X-Proxy-Error: client_unauthorized$/m)
      t.match(received, /^Proxy-Status: gw;error=http_request_denied;details="(no|wrong|credentials)/m)
    }
    t.match(await forwardOf(lab, 8), { status: 407, failure: { details: 'wrong credentials' }, tries: [] })
    t.ok(undialled(lab))

    const right = basic('alice-session-s1:secret')
    const { received } = await exchange(port, get('http://shop.test/', right))
    t.equal(statusOf(received), 200)
    const tunnel = (await dialed(port)).send(asking('shop.test:80', right))
    await tunnel.until('\r\n\r\n')
    t.equal(statusOf(tunnel.received), 200)
    tunnel.socket.destroy()
  })
})

t.test('a port that is not allowed', async (t) => {
  await withRig(behind({ ports: [443] }), async (lab) => {
    for (const bytes of [get('http://shop.test/'), asking('shop.test:80'), asking('shop.test:22')]) {
      const { received } = await exchange(portOf(lab, 'gw'), bytes)
      t.equal(statusOf(received), 403, bytes)
      t.match(received, /error=http_request_denied;details="a port that is not allowed"/)
      t.match(received, /^X-Proxy-Error: client_request_refused$/m)
    }
    t.ok(undialled(lab))
  })
})

t.test('a failed CONNECT says why, with the status of RFC 9209', async (t) => {
  const table: [string, object, object, number, string, string][] = [
    ['connect', { type: 'refuse' }, {}, 502, 'connection_refused', 'upstream_refused'],
    ['connect', { type: 'unreachable' }, {}, 502, 'destination_ip_unroutable', 'upstream_unroutable'],
    [
      'connect',
      { type: 'blackhole' },
      { timeouts: { connect: '50ms' } },
      504,
      'connection_timeout',
      'upstream_connect_timeout',
    ],
    ['resolve', { type: 'dns', answer: 'nxdomain' }, { resolver: {} }, 502, 'dns_error', 'upstream_unresolved'],
  ]
  for (const [at, effect, gw, status, error, word] of table) {
    const input = behind(gw, {}, { faults: [{ id: 'f', on: 'shop', at, effect }] })
    await withRig(input, async (lab) => {
      const { received } = await exchange(portOf(lab, 'gw'), asking('shop.test:80'))
      t.equal(statusOf(received), status, error)
      t.match(received, new RegExp(`^Proxy-Status: gw;error=${error};`, 'm'))
      t.match(received, new RegExp(`^X-Proxy-Error: ${word}$`, 'm'))
      t.match(received, /^Via: 1\.1 gw$/m)
      t.match(await forwardOf(lab), {
        status,
        failure: { type: error },
        tries: [{ server: 'shop', failure: { type: error } }],
      })
      t.equal(lab.fault('f').fired, 1)
    })
  }
})

t.test('an RST behind the 200 is an RST at the client, and no 502; in terminating mode it is a 502', async (t) => {
  const reset = { faults: [{ id: 'rst', on: 'wall', at: 'client_hello', effect: 'reset' }] }
  const hops = {
    shop: { kind: 'origin', tls: true },
    wall: { kind: 'waf', to: 'shop' },
    gw: { kind: 'gateway', to: ['wall'] },
  }
  await withRig({ hops, ...reset } as RigInput, async (lab) => {
    const client = (await dialed(portOf(lab, 'gw'))).send(asking('wall.test:443'))
    await client.until('\r\n\r\n')
    t.equal(statusOf(client.received), 200)
    const socket = connectTls({ socket: client.socket, servername: 'wall.test', ca: lab.ca })
    const inner = new Peer(socket)
    t.equal(await inner.ended(), 'RST')
    const failure = { type: 'connection_terminated', stage: 'tunnel', manner: 'reset' }
    t.match(await forwardOf(lab), { status: 200, cut: true, failure, proxy_error: 'upstream_reset' })

    const { received } = await exchange(portOf(lab, 'gw'), get('https://wall.test/'))
    t.equal(statusOf(received), 502)
    t.match(received, /^X-Proxy-Error: upstream_reset$/m)
    t.match(await forwardOf(lab, 2), { status: 502, failure: { ...failure, stage: 'tls' } })
  })
})

t.test('a firewall that passes bytes on: the certificate behind it is for its name as well', async (t) => {
  const hops = {
    shop: { kind: 'origin', tls: true },
    wall: { kind: 'waf', to: 'shop' },
    gw: { kind: 'gateway', to: ['wall'] },
  }
  await withRig({ hops } as RigInput, async (lab) => {
    t.equal(statusOf((await exchange(portOf(lab, 'gw'), get('https://wall.test/'))).received), 200)
  })
})

t.test('malformed: each gets a 4xx that says what is wrong, and nobody is dialled', async (t) => {
  const table: [string, string, number][] = [
    ['CONNECT without a port', asking('shop.test'), 400],
    ['CONNECT to an IPv6 address without brackets', asking('::1:443'), 400],
    ['CONNECT to a port that is none', asking('shop.test:99999'), 400],
    ['CONNECT with junk', asking('user@shop.test:80'), 400],
    ['CONNECT with a path', 'CONNECT /x HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['CONNECT with control characters', 'CONNECT sh\x01op:80 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a huge CONNECT', asking(`${'a'.repeat(100_000)}:443`), 431],
    ['CONNECT to an IPv6 address', asking('[::1]:443'), 502],
    ['origin form', get('/'), 400],
    ['another scheme', get('ftp://shop.test/'), 400],
    ['credentials in the target', get('http://alice:secret@shop.test/'), 400],
    ['no HTTP at all', 'EHLO me\r\n\r\n', 400],
    ['a greeting of SOCKS 5', '\x05\x01\x00', 400],
    ['a greeting of SOCKS 5 with three methods', '\x05\x03\x00\x01\x02', 400],
    ['a request of SOCKS 4', '\x04\x01\x00\x50\x7f\x00\x00\x01\x00', 400],
  ]
  for (const [what, bytes, status] of table) {
    await withRig(behind(), async (lab) => {
      const { received } = await exchange(portOf(lab, 'gw'), bytes)
      t.equal(statusOf(received), status, what)
      t.match(await forwardOf(lab), { status, tries: [], failure: { stage: 'select' } }, what)
      t.ok(undialled(lab))
    })
  }
})

t.test('SOCKS and TLS at the plain port: told apart in the answer and in the journal', async (t) => {
  await withRig(behind(), async (lab) => {
    const socks = await exchange(portOf(lab, 'gw'), '\x05\x01\x00')
    t.match(socks.received, /^Proxy-Status: gw;error=http_request_error;details="SOCKS is not spoken at this port"$/m)
    const client = connectTls({ port: portOf(lab, 'gw'), host: '127.0.0.1', ca: lab.ca })
    t.equal(await new Peer(client).ended(), 'ERR_SSL_WRONG_VERSION_NUMBER')
    t.match(await forwardOf(lab, 2), {
      status: 400,
      method: '',
      failure: { type: 'http_request_error', details: 'TLS is not spoken at this port' },
    })
    t.equal(lab.facts.connections.get('gw'), 2)
    t.ok(undialled(lab))
  })
})

t.test('a CONNECT in a pipe waits for the answer before it', async (t) => {
  await withRig(behind(), async (lab) => {
    const both = `GET http://shop.test/first HTTP/1.1\r\nHost: x\r\n\r\n${asking('shop.test:80')}`
    const client = (await dialed(portOf(lab, 'gw'))).send(both)
    await client.until('HTTP/1.1 200', 2)
    client.send('GET /second HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n')
    await client.until('HTTP/1.1 200', 3)
    client.socket.destroy()
    const paths = lab.journal.flatMap((event) => (event.event === 'served' ? [event.path] : []))
    t.same(paths, ['/first', '/second'])
  })
})

t.test('a WebSocket in absolute form', async (t) => {
  await withRig(behind({}, { websocket: true }), async (lab) => {
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    const bytes = `GET http://shop.test/ HTTP/1.1\r\nHost: x\r\n${fields}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
    const client = (await dialed(portOf(lab, 'gw'))).send(bytes)
    await client.until('\r\n\r\n')
    t.equal(statusOf(client.received), 101)
    client.socket.destroy()
    t.match(await forwardOf(lab), { status: 101 })
  })
})

t.test('a response that breaks off is cut, and an answer that is late is a 504', async (t) => {
  const effect = { type: 'reset' }
  const faults = [{ id: 'f', on: 'shop', at: { type: 'response_body', after: '3B' }, effect }]
  await withRig(behind({}, { response: { body: 'hello' } }, { faults }), async (lab) => {
    const peer = (await dialed(portOf(lab, 'gw'))).send(get('http://shop.test/'))
    await peer.ended()
    t.match(peer.received, /^HTTP\/1\.1 200/)
    t.match(await forwardOf(lab), { status: 200, cut: true, failure: { type: 'http_response_incomplete' } })
  })
  const stall = [{ id: 'f', on: 'shop', at: 'request_head', effect: 'stall' }]
  await withRig(behind({ timeouts: { read: '30ms' } }, {}, { faults: stall }), async (lab) => {
    const { received } = await exchange(portOf(lab, 'gw'), get('http://shop.test/'))
    t.equal(statusOf(received), 504)
    t.match(received, /^X-Proxy-Error: upstream_timeout$/m)
  })
})

t.test('a client that leaves: nobody goes on for it', async (t) => {
  const stall = [{ id: 'f', on: 'shop', at: 'request_head', effect: 'stall' }]
  await withRig(behind({}, {}, { faults: stall }), async (lab) => {
    const peer = (await dialed(portOf(lab, 'gw'))).send(get('http://shop.test/'))
    await lab.until(() => lab.fault('f').fired === 1)
    peer.socket.destroy()
    t.match(await forwardOf(lab), { client_left: true, status: undefined, tries: [{ server: 'shop' }] })
  })
})
