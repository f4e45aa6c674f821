/** Requests that wait for 100 Continue, and requests that end with trailers: what goes upstream, when, and what comes back. */
import t from 'tap'
import {
  dialed,
  exchange,
  lone,
  type Peer,
  portOf,
  proxyTo,
  rawOrigin,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

const waiting = (more = '', framing = 'Content-Length: 3') =>
  `PUT /up HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n${framing}\r\n${more}\r\n`
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('the server behind says whether to go on', async (t) => {
  for (const [framing, body] of [
    ['Content-Length: 3', 'abc'],
    ['Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\n\r\n'],
  ] as const) {
    const serve = async (peer: Peer) => {
      await peer.until('\r\n\r\n')
      await until(() => go.on)
      peer.send(CONTINUE)
      await peer.until(body)
      peer.send(OK)
    }
    const go = { on: false }
    await withRawOrigin(serve, async (proxy, origin) => {
      const client = (await dialed(proxy.port)).send(waiting('X-Latin: \xe9\xff\r\n', framing))
      await until(() => origin.connections[0]?.received.includes('\r\n\r\n') === true)
      const [head] = origin.connections[0]!.received.split('\r\n\r\n')
      t.same(head!.split('\r\n').sort(), [
        'Connection: close',
        ...[framing].filter((field) => field.startsWith('Content')),
        'Expect: 100-continue',
        'Host: x',
        'PUT /up HTTP/1.1',
        ...[framing].filter((field) => field.startsWith('Transfer')),
        'Via: 1.1 lb',
        'X-Latin: \xe9\xff',
        'X-Request-Id: lb-1',
      ])
      t.equal(client.received, '', 'nobody says it first')
      go.on = true
      await client.until(CONTINUE)
      t.equal(client.received, CONTINUE)
      client.send(body)
      await client.until('ok')
      t.ok(origin.connections[0]!.received.endsWith(`\r\n\r\n${body}`))
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => origin.connections.length === 2)
      t.match(proxy.forwards(), [{ status: 200, tries: [{ status: 200, reused: false }] }])
      client.socket.destroy()
    })
  }
})

t.test('who is told no before the body keeps it, and the connection ends', async (t) => {
  const serve = async (peer: Peer) => {
    await peer.until('\r\n\r\n')
    peer.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig')
  }
  await withRawOrigin(serve, async (proxy, origin) => {
    const client = await exchange(proxy.port, waiting())
    t.match(client.received, /^HTTP\/1\.1 413 .*\r\nConnection: close\r\n\r\nbig$/s)
    await origin.connections[0]!.ended()
    t.notMatch(origin.connections[0]!.received, 'abc')
    t.match(proxy.forwards(), [{ status: 413, failure: undefined }])
  })
})

t.test('a body that comes without waiting is passed on; the next server is tried while none has come', async (t) => {
  const gone = await rawOrigin((peer) => void peer.socket.resetAndDestroy())
  const fine = await rawOrigin(async (peer) => {
    await peer.until('\r\n\r\nabc')
    peer.send(OK)
  })
  const proxy = await proxyTo([gone.port, fine.port])
  const client = (await dialed(proxy.port)).send(waiting())
  await until(() => fine.connections.length === 1)
  client.send('abc')
  await client.until('ok')
  t.match(client.received, /^HTTP\/1\.1 200 /)
  await until(() => proxy.forwards().length === 1)
  t.match(proxy.forwards()[0]!.tries, [{ failure: { manner: 'reset' } }, { status: 200 }])
  client.socket.destroy()
  await proxy.close()
  await gone.close()
  await fine.close()
})

t.test('there is nothing to wait with: no body, or HTTP/1.0', async (t) => {
  await withRawOrigin(
    async (peer) => {
      await peer.until('PUT /up')
      peer.send(OK)
      await peer.until('\r\n\r\nabc')
      peer.send(OK)
    },
    async (proxy, origin) => {
      await exchange(proxy.port, waiting('Connection: close\r\n', 'Content-Length: 0'))
      await exchange(proxy.port, `${waiting('').replace('1.1', '1.0')}abc`)
      for (const { received } of origin.connections) t.notMatch(received, /expect/i)
      t.equal(proxy.forwards().length, 2)
    },
  )
})

t.test('a client that leaves while it waits ends its request upstream', async (t) => {
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    await withRawOrigin(
      () => {},
      async (proxy, origin) => {
        const client = (await dialed(proxy.port)).send(waiting())
        await until(() => origin.connections[0]?.received.includes('\r\n\r\n') === true)
        client.socket[leave]()
        await origin.connections[0]!.ended()
        t.match(proxy.forwards(), [{ client_left: true, tries: [{ server: 'app1' }] }])
        client.socket.destroy()
      },
    )
  }
})

t.test('an upload that waited and is cut off is not completed', async (t) => {
  await withRig(lone(), async (lab) => {
    const client = (await dialed(portOf(lab, 'lb'))).send(waiting('', 'Transfer-Encoding: chunked'))
    await client.until(CONTINUE)
    client.send('3\r\nabc\r\n')
    await until(() => lab.facts.connections.get('app') === 1)
    client.socket.resetAndDestroy()
    await until(() => lab.attemptsAt('app').length === 1)
    t.match(lab.attemptsAt('app'), [{ outcome: 'aborted' }])
  })
})

t.test('trailers that a request announces are passed on behind its body', async (t) => {
  const asked =
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n'
  const trailers = 'X-Sum: 1\r\nx-latin: \xe9\r\nX-Sum: 2\r\nHost: evil\r\n'
  const serve = async (peer: Peer) => {
    await peer.until(/\r\n0\r\n(.+\r\n)*\r\n/)
    peer.send(OK)
  }
  await withRawOrigin(serve, async (proxy, origin) => {
    const client = await exchange(proxy.port, `${asked}3\r\nabc\r\n0\r\n${trailers}\r\n`)
    t.match(client.received, /^HTTP\/1\.1 200 /)
    const { received } = origin.connections[0]!
    t.match(received, '\r\nTrailer: X-Sum\r\n')
    t.ok(received.endsWith('\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-latin: \xe9\r\nX-Sum: 2\r\n\r\n'), received)
  })
})
