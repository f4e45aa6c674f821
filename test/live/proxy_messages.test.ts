/** What the mini proxy passes on of a request and a response, what it leaves out, and what it adds. */
import t from 'tap'
import type { RigInput } from '../../src/rig.js'
import {
  answering,
  dialed,
  exchange,
  forwardsIn,
  good,
  portOf,
  statusOf,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

t.test('HEAD, 204 and 304 carry no body, whatever their length says', async (t) => {
  const input: RigInput = {
    hops: {
      app: { kind: 'origin' },
      chunked: { kind: 'origin', response: { framing: 'chunked' } },
      none: { kind: 'origin', response: { status: 204, body: '' } },
      same: { kind: 'origin', response: { status: 304 } },
      lb: { kind: 'proxy', to: ['app'] },
      lbchunked: { kind: 'proxy', to: ['chunked'] },
      lbnone: { kind: 'proxy', to: ['none'] },
      lbsame: { kind: 'proxy', to: ['same'] },
    },
  }
  await withRig(input, async (lab) => {
    for (const [lb, method, status] of [
      ['lb', 'HEAD', 200],
      ['lbchunked', 'HEAD', 200],
      ['lbnone', 'GET', 204],
      ['lbsame', 'GET', 304],
      ['lbsame', 'HEAD', 304],
    ] as const) {
      const peer = await dialed(portOf(lab, lb))
      for (const n of [1, 2]) {
        peer.send(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)
        await peer.until('\r\n\r\n', n)
      }
      peer.send(`${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      t.equal(await peer.ended(), 'FIN')
      const heads = peer.received.split('\r\n\r\n')
      t.equal(heads.length, 4, `${lb} ${method}: three heads and nothing else`)
      t.ok(heads.slice(0, 3).every((head) => head.startsWith(`HTTP/1.1 ${status} `)))
      peer.socket.destroy()
      const failed = forwardsIn(lab.journal, lb).filter(({ failure, cut }) => failure || cut)
      t.same(failed, [])
    }
  })
})

t.test('header fields: what is meant for one hop stays behind, the rest passes byte for byte', async (t) => {
  const response = [
    'HTTP/1.1 200 caf\xc3\xa9',
    'Connection: X-Hop, keep-alive',
    'X-Hop: 1',
    'Keep-Alive: timeout=1',
    'Proxy-Connection: keep-alive',
    'Trailer: X-Sum',
    'Upgrade: h2c',
    'Set-Cookie: a=1',
    'Set-Cookie: b=2',
    'X-Latin: \xe9\xff',
    'x-CASE: kept',
    'Content-Length: 2',
    '',
    'ok',
  ].join('\r\n')
  const asked = [
    'POST /a%20b?c=d&c=%zz HTTP/1.1',
    'Host: shop.example:8080',
    'Connection: close, X-Private, TE, Host, Content-Length',
    'X-Private: secret',
    'TE: trailers',
    'Trailer: X-Sum',
    'Proxy-Authorization: Basic eDp5',
    'Proxy-Connection: close',
    'Keep-Alive: timeout=5',
    'Upgrade: websocket',
    'X-Latin: \xe9',
    'Accept: a',
    'Accept: b',
    'X-Request-Id: mine',
    'Content-Length: 3',
    '',
    'abc',
  ].join('\r\n')
  await withRawOrigin(answering(response), async (proxy, origin) => {
    const { received } = await exchange(proxy.port, asked)
    const [head = '', body] = origin.connections[0]!.received.split('\r\n\r\n')
    const lines = head.split('\r\n')
    t.equal(lines[0], 'POST /a%20b?c=d&c=%zz HTTP/1.1')
    t.same(
      lines.slice(1).filter((line) => !line.startsWith('connection:')),
      [
        'host: shop.example:8080',
        'X-Latin: \xe9',
        'Accept: a',
        'Accept: b',
        'X-Request-Id: mine',
        'Via: 1.1 lb',
        'content-length: 3',
      ],
      'Host and length can not be listed away',
    )
    t.equal(body, 'abc')

    const answer = received.slice(received.indexOf('HTTP/1.1 200'))
    const fields = answer.split('\r\n\r\n')[0]!.split('\r\n')
    t.equal(fields[0], 'HTTP/1.1 200 caf\xc3\xa9')
    t.same(
      fields.slice(1).filter((field) => !/^(Date|Connection):/.test(field)),
      ['Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Latin: \xe9\xff', 'x-CASE: kept', 'Content-Length: 2'],
    )
    t.ok(answer.endsWith('\r\n\r\nok'))
    t.equal(proxy.forwards()[0]!.request, 'mine')
  })
})

t.test('a request without an id gets one, the same everywhere', async (t) => {
  await withRawOrigin(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), async (proxy, origin) => {
    await good(proxy.port)
    await until(() => proxy.forwards().length === 1)
    const [, id] = /\r\nX-Request-Id: (\S+)\r\n/.exec(origin.connections[0]!.received)!
    t.ok(id)
    t.equal(proxy.forwards()[0]!.request, id)
  })
})

t.test('Proxy-Status tells every hop, the one nearest the origin first', async (t) => {
  const input: RigInput = {
    hops: {
      app: { kind: 'origin' },
      sick: {
        kind: 'origin',
        response: { status: 502, headers: { 'Proxy-Status': 'cdn; error=dns_timeout' } },
      },
      inner: { kind: 'proxy', to: ['app'] },
      outer: { kind: 'proxy', to: ['inner'] },
      lone: { kind: 'proxy', to: ['sick'] },
    },
    faults: [{ id: 'down', on: 'app', at: 'connect', effect: 'refuse' }],
  }
  await withRig(input, async (lab) => {
    const through = await good(portOf(lab, 'outer'))
    const said = /\r\nProxy-Status: (.*)\r\n/.exec(through)![1]!
    t.match(
      said,
      /^inner;error=connection_refused;next-hop="127\.0\.0\.1:\d+";details="[^"]+", outer;received-status=502$/,
    )
    t.equal(through.match(/\r\nProxy-Status:/gi)!.length, 1)
    t.match(through, '\r\nX-Proxy-Error: upstream_refused\r\n', 'the word of the hop that failed is kept')
    t.match(await good(portOf(lab, 'lone')), '\r\nProxy-Status: cdn; error=dns_timeout, lone;received-status=502\r\n')
    await lab.fault('down').disarm()
    t.notMatch(await good(portOf(lab, 'outer')), /proxy-status/i, 'nothing to say about a success')
  })
})

t.test('a response that no client should have sent for is classified, and harms nobody', async (t) => {
  const cases: [name: string, bytes: string, status: number, type: string | undefined][] = [
    ['a length and a trailer', 'HTTP/1.1 200 OK\r\nTrailer: X\r\nContent-Length: 2\r\n\r\nok', 200, undefined],
    ['a phrase in Latin-1', 'HTTP/1.1 200 caf\xe9\r\nContent-Length: 2\r\n\r\nok', 200, undefined],
    ['a status of its own', 'HTTP/1.1 299 \r\nContent-Length: 2\r\n\r\nok', 299, undefined],
    ['a length for 304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n', 304, undefined],
    ['a length for 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', 204, undefined],
    [
      '101 unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      502,
      'http_protocol_error',
    ],
    ['a status below 100', 'HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok', 502, 'http_protocol_error'],
    [
      'a head of 64 KB',
      `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(65536)}\r\nContent-Length: 2\r\n\r\nok`,
      502,
      'http_response_header_section_size',
    ],
    [
      'a chunk that is none',
      'HTTP/1.1 203 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      203,
      'http_response_transfer_coding',
    ],
    ['not HTTP', 'hello\r\n\r\n', 502, 'http_protocol_error'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 502, 'http_protocol_error'],
  ]
  for (const [name, bytes, status, type] of cases) {
    await withRawOrigin(answering(bytes), async (proxy) => {
      const received = await good(proxy.port)
      t.equal(statusOf(received), status, name)
      await until(() => proxy.forwards().length > 0)
      t.equal(proxy.forwards()[0]!.failure?.type, type, name)
      t.equal(proxy.forwards()[0]!.tries.length, 1)
      if (status === 200) t.ok(received.includes('ok'), name)
    })
  }
})
