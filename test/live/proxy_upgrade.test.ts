/** A request that asks for another protocol, and the tunnel it becomes: every byte and every ending, at both peers. */
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import WebSocket from 'ws'
import type { RigInput } from '../../src/rig.js'
import {
  answering,
  dialed,
  exchange,
  forwardsIn,
  good,
  lone,
  Peer,
  portOf,
  proxyTo,
  rawOrigin,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

const ASKED = [
  'GET /chat HTTP/1.1',
  'Host: x',
  'Connection: keep-alive, Upgrade',
  'Upgrade: WebSocket, x',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'X-Request-Id: mine',
  '',
  '',
].join('\r\n')
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: any\r\n\r\n'
const switching = (...more: string[]) => answering(SWITCHED, ...more)

t.test('the handshake passes, and then every byte as it is, both ways', async (t) => {
  await withRawOrigin(switching('early from the origin'), async (proxy, origin) => {
    const client = (await dialed(proxy.port)).send(`${ASKED}early from the client`)
    await client.until('early from the origin')
    t.equal(
      client.received,
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: any\r\n\r\nearly from the origin',
    )
    const [upstream] = origin.connections
    await upstream!.until('early from the client')
    const [head, body] = upstream!.received.split('\r\n\r\n')
    t.same(head!.split('\r\n'), [
      'GET /chat HTTP/1.1',
      'Host: x',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'X-Request-Id: mine',
      'Via: 1.1 lb',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ])
    t.equal(body, 'early from the client')
    upstream!.send('GET / HTTP/1.1\r\n\r\n\0\xff')
    await client.until('\0\xff')
    client.send('HTTP/1.1 400 x\r\n\r\n')
    await upstream!.until('400 x\r\n\r\n')
    t.equal(proxy.forwards().length, 0, 'and it is not over')

    upstream!.socket.end('bye')
    t.equal(await client.ended(), 'FIN')
    t.ok(client.received.endsWith('bye'))
    client.send('half a connection still speaks').socket.end()
    t.equal(await upstream!.ended(), 'FIN')
    t.ok(upstream!.received.endsWith('still speaks'))
    await until(() => proxy.forwards().length === 1)
    const [forward] = proxy.forwards()
    t.match(forward, { request: 'mine', path: '/chat', status: 101, tries: [{ status: 101 }] })
    t.same([forward!.failure, forward!.cut, forward!.client_left], [undefined, undefined, undefined])
    const down = 'early from the origin'.length + 20 + 'bye'.length
    const up = 'early from the client'.length + 18 + 'half a connection still speaks'.length
    t.same(forward!.tunnel, { up_bytes: up, down_bytes: down })
    client.socket.destroy()
  })
})

t.test('either end of a tunnel passes on exactly as it was', async (t) => {
  const rows = [
    ['upstream', 'RST', { failure: { type: 'connection_terminated', stage: 'tunnel', manner: 'reset' }, cut: true }],
    ['client', 'RST', { client_left: true }],
    ['upstream', 'FIN', {}],
    ['client', 'FIN', {}],
  ] as const
  for (const tls of [false, true]) {
    for (const [who, how, seen] of rows) {
      const name = `${how} of the ${who}${tls ? ', under TLS' : ''}`
      const origin = await rawOrigin(switching())
      const proxy = await proxyTo([origin.port])
      const secured = await proxyTo([proxy.port], { tls: true })
      const { socket: raw } = await dialed(tls ? secured.port : proxy.port)
      const client = new Peer(tls ? connectTls({ socket: raw, servername: 'lb', rejectUnauthorized: false }) : raw)
      client.send(ASKED)
      await client.until('\r\n\r\n')
      const [upstream] = origin.connections
      const [leaving, other] = who === 'client' ? [client, upstream!] : [upstream!, client]
      leaving.send('last words')
      await other.until('last words')
      if (how === 'RST') (who === 'client' ? raw : leaving.socket).resetAndDestroy()
      else leaving.socket.end()
      t.equal(await other.ended(), how, name)
      if (how === 'FIN') other.socket.end()
      await until(() => proxy.forwards().length === 1)
      const [forward] = proxy.forwards()
      t.match(forward, { ...seen, status: 101 }, name)
      if (how === 'FIN') t.equal(forward!.failure, undefined)
      for (const peer of [client, upstream!]) peer.socket.destroy()
      await secured.close()
      await proxy.close()
      await origin.close()
    }
  }
})

t.test('a tunnel in which nothing passes is given up', async (t) => {
  await withRawOrigin(
    switching(),
    async (proxy, origin) => {
      const client = (await dialed(proxy.port)).send(ASKED)
      await client.until('\r\n\r\n')
      for (let n = 0; n < 4; n++) {
        await new Promise((resolve) => setTimeout(resolve, 80))
        client.send('.')
      }
      t.equal(await client.ended(), 'FIN')
      t.equal(await origin.connections[0]!.ended(), 'FIN')
      const [forward] = proxy.forwards()
      t.match(forward, {
        status: 101,
        cut: true,
        failure: { type: 'connection_read_timeout', stage: 'tunnel', manner: 'timeout' },
        tunnel: { up_bytes: 4, down_bytes: 0 },
      })
      t.ok(forward!.ms >= 4 * 79)
      const lines = proxy.journal.flatMap((event) => (event.event === 'log' ? [event.line] : []))
      t.match(lines, [/^upstream timed out \(110: Connection timed out\) while proxying upgraded connection, client: /])
      client.socket.destroy()
    },
    { timeouts: { read: '150ms', send: '150ms' } },
  )
})

t.test('another answer than 101 is passed through, and is the last of its connection', async (t) => {
  for (const [status, fields] of [
    ['400 Bad Request', ''],
    ['404 Not Found', 'X-A: b\r\n'],
    ['200 OK', ''],
    ['426 Upgrade Required', 'Upgrade: websocket\r\nConnection: Upgrade\r\n'],
  ] as const) {
    const answer = `HTTP/1.1 ${status}\r\n${fields}Content-Length: 2\r\n\r\nok`
    await withRawOrigin(answering(answer), async (proxy) => {
      const { received } = await exchange(proxy.port, ASKED + ASKED)
      t.ok(received.startsWith(`HTTP/1.1 ${status}\r\n`), received)
      t.ok(received.endsWith('\r\n\r\nok'))
      t.match(received, status.startsWith('426') ? 'Connection: Upgrade, close\r\n' : 'Connection: close\r\n')
      if (status.startsWith('426')) t.match(received, '\r\nUpgrade: websocket\r\n')
      const [forward, ...more] = proxy.forwards()
      t.match(forward, { status: Number.parseInt(status), failure: undefined, tunnel: undefined })
      t.same(more, [], 'what comes behind it is no request')
    })
  }
})

t.test('101 to another protocol than was asked for is none', async (t) => {
  for (const fields of ['Upgrade: h2c\r\nConnection: Upgrade\r\n', 'Connection: Upgrade\r\n', '']) {
    const answer = `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`
    await withRawOrigin(answering(answer), async (proxy, origin) => {
      const { received } = await exchange(proxy.port, ASKED)
      t.match(received, /^HTTP\/1\.1 502 .*\r\nProxy-Status: lb;error=http_upgrade_failed;.*upstream_invalid_response/s)
      t.match(proxy.forwards()[0], { status: 502, failure: { type: 'http_upgrade_failed', stage: 'response_head' } })
      await origin.connections[0]!.ended()
    })
  }
})

t.test('until it is a tunnel, a request goes to the next server like any other', async (t) => {
  for (const act of ['end', 'resetAndDestroy'] as const) {
    const bad = await rawOrigin(async (peer) => {
      await peer.until('\r\n\r\n')
      peer.socket[act]()
    })
    const fine = await rawOrigin(switching('hello'))
    const proxy = await proxyTo([bad.port, fine.port])
    const client = (await dialed(proxy.port)).send(ASKED)
    await client.until('hello')
    t.match(client.received, /^HTTP\/1\.1 101 /)
    client.socket.end()
    fine.connections[0]!.socket.end()
    await until(() => proxy.forwards().length === 1)
    t.match(proxy.forwards()[0]!.tries, [{ failure: { type: 'connection_terminated' } }, { status: 101 }])
    client.socket.destroy()
    await proxy.close()
    await bad.close()
    await fine.close()
  }
})

t.test('a client that leaves before the answer ends its request upstream', async (t) => {
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    await withRawOrigin(
      () => {},
      async (proxy, origin) => {
        const client = (await dialed(proxy.port)).send(ASKED)
        await until(() => origin.connections[0]?.received.endsWith('\r\n\r\n') === true)
        client.socket[leave]()
        await origin.connections[0]!.ended()
        t.match(proxy.forwards(), [{ client_left: true, status: undefined }])
        client.socket.destroy()
      },
    )
  }
})

t.test('a handshake waits for the answers before it in the pipe', async (t) => {
  const serve = async (peer: Peer) => {
    await peer.until('\r\n\r\n')
    if (peer.received.startsWith('GET /chat')) return peer.send(SWITCHED)
    await new Promise((resolve) => setTimeout(resolve, 30))
    return peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  }
  await withRawOrigin(serve, async (proxy) => {
    const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    const client = (await dialed(proxy.port)).send(get + get + ASKED)
    await client.until('Sec-WebSocket-Accept')
    const statuses = client.received.split('HTTP/1.1 ').map((answer) => answer.slice(0, 3))
    t.same(statuses, ['', '200', '200', '101'])
    client.socket.destroy()
  })
})

t.test('another protocol is not offered: the request is served as if nothing had been asked for', async (t) => {
  const serve = async (peer: Peer) => {
    for (const n of [1, 2]) {
      await peer.until(/\r\n\r\n(abc)?/, n)
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    }
  }
  await withRawOrigin(serve, async (proxy, origin) => {
    const fields = 'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n'
    const client = await dialed(proxy.port)
    client.send(`POST /a HTTP/1.1\r\n${fields}Content-Length: 3\r\n\r\nabc`)
    await client.until('ok')
    client.send(`GET /b HTTP/1.1\r\n${fields}\r\n`)
    await client.until('ok', 2)
    t.equal(client.received.split('HTTP/1.1 200 OK').length, 3, 'on one connection')
    const asked = origin.connections.map(({ received }) => received).join('')
    t.match(asked, /^POST \/a HTTP\/1\.1\r\n.*\r\n\r\nabcGET \/b HTTP\/1\.1\r\n/s)
    t.notMatch(asked, /upgrade|http2-settings/i)
    client.socket.destroy()
  })
})

t.test('an upgrade that should not be sent is refused like any request', async (t) => {
  await withRig(lone({ websocket: true }), async (lab) => {
    for (const bad of [ASKED.replace('/chat', '/a/../chat'), ASKED.replace('Host: x', 'Host: x\r\nHost: y')]) {
      const { received } = await exchange(portOf(lab, 'lb'), bad)
      t.match(received, /^HTTP\/1\.1 400 .*http_request_error/s)
    }
    t.equal(lab.attemptsAt('app').length, 0)
    t.match(await good(portOf(lab, 'lb')), /^HTTP\/1\.1 200 /)
  })
})

t.test("an origin takes the handshake and echoes; ws's own client agrees", async (t) => {
  const hops: RigInput['hops'] = {
    app: { kind: 'origin', websocket: true },
    lb: { kind: 'proxy', to: ['app'] },
  }
  await withRig({ hops }, async (lab) => {
    const socket = new WebSocket(lab.url.replace('http', 'ws'), { headers: { 'X-Request-Id': 'talk' } })
    const messages: string[] = []
    socket.on('open', () => socket.send('one'))
    socket.on('message', (data, binary) => {
      messages.push(`${binary} ${data}`)
      if (messages.length === 1) socket.send(Buffer.alloc(300_000, 'b'))
      else socket.close(1000)
    })
    const [code] = await new Promise<[number]>((resolve) => socket.on('close', (code) => resolve([code])))
    t.equal(code, 1000)
    t.same(messages, ['false one', `true ${'b'.repeat(300_000)}`])
    await until(() => forwardsIn(lab.journal).length === 1)
    t.match(lab.attemptsAt('app'), [{ requestId: 'talk', status: 101, outcome: 'answered' }])
    t.ok(forwardsIn(lab.journal)[0]!.tunnel!.up_bytes > 300_000)
    const plain = await good(portOf(lab, 'app'))
    t.match(plain, /^HTTP\/1\.1 200 /, 'and answers what asks for nothing')
    const wrong = await exchange(portOf(lab, 'app'), ASKED.replace('Version: 13', 'Version: 1'))
    t.match(wrong.received, /^HTTP\/1\.1 400 /)
  })
})

t.test('an origin without WebSocket answers as usual', async (t) => {
  await withRig(lone(), async (lab) => {
    const { received } = await exchange(portOf(lab, 'lb'), ASKED)
    t.match(received, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok\n$/s)
  })
})
