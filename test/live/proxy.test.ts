/** The mini proxy between well-behaved peers and failing upstreams: what is sent how often, and what is passed on. */
import t from 'tap'
import type { RigInput } from '../../src/rig.js'
import {
  answering,
  dialed,
  type Ended,
  exchange,
  forwardsIn,
  good,
  portOf,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const

/** A request on a connection of its own; POST and PUT carry three bytes. */
function request(method: string, path: string, id: string): string {
  const body = method === 'POST' || method === 'PUT' ? 'Content-Length: 3\r\n' : ''
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\n${body}\r\n`
  return body ? `${head}abc` : head
}

const statusOf = (received: string): number => Number(received.split(' ')[1] ?? Number.NaN)

/** What goes wrong at an origin, by path; any other path is answered. */
const misfortunes = (on: string): NonNullable<RigInput['faults']> => [
  { id: `${on}-reset`, on, at: 'request_head', effect: 'reset', match: { path: '/reset' } },
  { id: `${on}-close`, on, at: 'request_head', effect: 'close', match: { path: '/close' } },
  { id: `${on}-stall`, on, at: 'request_head', effect: 'stall', match: { path: '/stall' } },
  {
    id: `${on}-half-head`,
    on,
    at: { type: 'response_head', after: '9B' },
    effect: 'reset',
    match: { path: '/half-head' },
  },
  { id: `${on}-cut`, on, at: { type: 'response_body', after: '2B' }, effect: 'reset', match: { path: '/cut' } },
  { id: `${on}-hang`, on, at: { type: 'response_body', after: '2B' }, effect: 'stall', match: { path: '/hang' } },
]

const timeouts = { read: '60ms' }

t.test('no hidden retries: with one upstream, one request is one request', async (t) => {
  const input: RigInput = {
    hops: {
      app: { kind: 'origin' },
      app500: { kind: 'origin', response: { status: 500 } },
      app503: { kind: 'origin', response: { status: 503, headers: { 'Retry-After': '0' } } },
      lb: { kind: 'proxy', to: ['app'], timeouts },
      lb500: { kind: 'proxy', to: ['app500'] },
      lb503: { kind: 'proxy', to: ['app503'] },
    },
    faults: misfortunes('app'),
  }
  const answers: [lb: string, app: string, path: string, status: number][] = [
    ['lb', 'app', '/', 200],
    ['lb500', 'app500', '/', 500],
    ['lb503', 'app503', '/', 503],
    ['lb', 'app', '/reset', 502],
    ['lb', 'app', '/close', 502],
    ['lb', 'app', '/half-head', 502],
    ['lb', 'app', '/stall', 504],
    ['lb', 'app', '/cut', 200],
    ['lb', 'app', '/hang', 200],
  ]
  await withRig(input, async (lab) => {
    let sent = 0
    for (const [lb, app, path, status] of answers) {
      for (const method of METHODS) {
        const id = `${method}${path}${status}`
        const { received } = await exchange(portOf(lab, lb), request(method, path, id))
        sent++
        t.equal(statusOf(received), status, id)
        t.equal(lab.attemptsAt(app, { requestId: id }).length, 1, `${id}: seen once`)
        const forwards = forwardsIn(lab.journal).filter((event) => event.request === id)
        t.equal(forwards.length, 1, `${id}: journaled once`)
        t.equal(forwards[0]!.tries.length, 1, `${id}: one try`)
      }
    }
    const seen = ['app', 'app500', 'app503'].flatMap((app) => lab.attemptsAt(app))
    t.equal(seen.length, sent, 'nothing else came to an origin')
    t.equal(forwardsIn(lab.journal).length, sent)
  })
})

t.test('no hidden retries: with two upstreams, the journal tells of every one', async (t) => {
  const servers = { a: { kind: 'origin' }, b: { kind: 'origin' } } as const
  const input: RigInput = {
    hops: {
      ...servers,
      lb: { kind: 'proxy', to: ['a', 'b'], timeouts },
      once: { kind: 'proxy', to: ['a', 'b'], timeouts, tries: 1 },
      off: { kind: 'proxy', to: ['a', 'b'], timeouts, next_upstream: 'off' },
    },
    faults: [...misfortunes('a'), ...misfortunes('b')],
  }
  /** What POST has done can't be taken back, and the body of a PUT has passed: it was streamed, not kept. */
  const tries = (lb: string, method: string, path: string): number => {
    if (lb !== 'lb' || method === 'POST' || method === 'PUT') return 1
    return ['/reset', '/close', '/half-head', '/stall'].includes(path) ? 2 : 1
  }
  await withRig(input, async (lab) => {
    for (const lb of ['lb', 'once', 'off']) {
      for (const path of ['/', '/reset', '/close', '/half-head', '/stall', '/cut', '/hang']) {
        for (const method of METHODS) {
          const id = `${lb}-${method}${path}`
          await exchange(portOf(lab, lb), request(method, path, id))
          const seen = [...lab.attemptsAt('a', { requestId: id }), ...lab.attemptsAt('b', { requestId: id })]
          const [forward, ...more] = forwardsIn(lab.journal).filter((event) => event.request === id)
          t.equal(more.length, 0)
          t.equal(seen.length, tries(lb, method, path), id)
          t.equal(forward!.tries.length, seen.length, `${id}: as many tries as an origin saw`)
          t.equal(new Set(forward!.tries.map((one) => one.server)).size, seen.length, `${id}: each server once`)
        }
      }
    }
  })
})

t.test(
  'a request that no server can have seen moves on whatever its method; none is left, none is tried',
  async (t) => {
    const input: RigInput = {
      hops: { a: { kind: 'origin' }, b: { kind: 'origin' }, lb: { kind: 'proxy', to: ['a', 'b'] } },
      faults: [
        { id: 'a-down', on: 'a', at: 'connect', effect: 'refuse' },
        { id: 'b-down', on: 'b', at: 'connect', effect: 'refuse' },
      ],
    }
    await withRig(input, async (lab) => {
      await lab.fault('b-down').disarm()
      for (const method of METHODS) {
        for (const turn of [1, 2]) {
          const id = `${method}-${turn}`
          const { received } = await exchange(portOf(lab, 'lb'), request(method, '/', id))
          t.equal(statusOf(received), 200, id)
          t.equal(lab.attemptsAt('b', { requestId: id }).length, 1)
          const forward = forwardsIn(lab.journal).find((event) => event.request === id)!
          const reached = forward.tries.filter((one) => one.failure?.type !== 'connection_refused')
          t.equal(reached.length, 1, `${id}: one try reached a server`)
        }
      }
    })
    await withRig(input, async (lab) => {
      const { received } = await exchange(portOf(lab, 'lb'), request('GET', '/', 'last'))
      t.equal(statusOf(received), 502)
      t.match(received, /\r\nProxy-Status: lb;error=connection_refused;next-hop="127\.0\.0\.1:\d+"/)
      t.equal(forwardsIn(lab.journal)[0]!.tries.length, 2)
    })
  },
)

t.test('an upstream connection that its response ends is not used again', async (t) => {
  for (const head of ['Connection: close\r\nContent-Length: 2\r\n', 'Connection: close\r\n']) {
    const serve = async (peer: import('./peers.js').Peer) => {
      await answering(`HTTP/1.1 200 OK\r\n${head}\r\nok`)(peer)
      peer.socket.end()
    }
    await withRawOrigin(serve, async (proxy, origin) => {
      const client = await dialed(proxy.port)
      for (const n of [1, 2, 3]) {
        client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await client.until('ok', n)
        await until(() => proxy.forwards().length === n)
      }
      client.socket.destroy()
      t.equal(origin.connections.length, 3, head)
      t.ok(proxy.forwards().every(({ status, failure }) => status === 200 && !failure))
    })
  }
})

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
    'Expect: 100-continue',
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
      ['host: shop.example:8080', 'X-Latin: \xe9', 'Accept: a', 'Accept: b', 'X-Request-Id: mine', 'content-length: 3'],
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
    [
      'early hints come first',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      200,
      undefined,
    ],
    [
      'trailers',
      'HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n',
      200,
      undefined,
    ],
    ['a length and a trailer', 'HTTP/1.1 200 OK\r\nTrailer: X\r\nContent-Length: 2\r\n\r\nok', 200, undefined],
    ['a phrase in Latin-1', 'HTTP/1.1 200 caf\xe9\r\nContent-Length: 2\r\n\r\nok', 200, undefined],
    ['a status of its own', 'HTTP/1.1 299 \r\nContent-Length: 2\r\n\r\nok', 299, undefined],
    ['a length for 304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n', 304, undefined],
    ['a length for 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', 204, undefined],
    [
      '100 unasked',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      502,
      'http_protocol_error',
    ],
    [
      '101 unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      502,
      'http_protocol_error',
    ],
    ['a status below 100', 'HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok', 502, 'http_protocol_error'],
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

t.test('bytes behind a response belong to nobody: the connection is not used again', async (t) => {
  const one = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  await withRawOrigin(answering(`${one}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`), async (proxy, origin) => {
    const client = await dialed(proxy.port)
    for (const n of [1, 2]) {
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await client.until('ok', n)
    }
    t.notMatch(client.received, 'evil')
    t.equal(origin.connections.length, 2)
    client.socket.destroy()
  })
})

t.test('closing with requests in flight leaves nothing open and breaks nothing', async (t) => {
  const sockets = () => process.getActiveResourcesInfo().filter((name) => /^TCP|Connect/.test(name)).length
  const before = sockets()
  const input: RigInput = {
    hops: {
      app: { kind: 'origin', response: { size: '32MB' } },
      b: { kind: 'origin', response: { size: '32MB' } },
      secure: { kind: 'origin', tls: true },
      lb: { kind: 'proxy', to: ['app', 'b'] },
      tls: { kind: 'proxy', to: ['secure'] },
    },
    faults: [
      { id: 'stall', on: 'app', at: 'request_head', effect: 'stall', match: { path: '/stall' } },
      { id: 'stall-b', on: 'b', at: 'request_head', effect: 'stall', match: { path: '/stall' } },
      { id: 'hello', on: 'secure', at: 'client_hello', effect: 'stall' },
    ],
  }
  await withRig(input, async (lab) => {
    const port = portOf(lab, 'lb')
    const waiting = (await dialed(port)).send(
      'GET /stall HTTP/1.1\r\nHost: x\r\n\r\nGET /stall HTTP/1.1\r\nHost: x\r\n\r\n',
    )
    const uploading = (await dialed(port)).send('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc')
    const reading = (await dialed(port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await reading.until('\r\n\r\n')
    reading.socket.pause()
    const idle = await dialed(port)
    const shaking = (await dialed(portOf(lab, 'tls'))).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(
      () => lab.facts.fired.get('hello') === 1 && lab.attemptsAt('app').length + lab.attemptsAt('b').length >= 2,
    )
    await lab.close()
    const ends: Ended[] = []
    for (const peer of [waiting, uploading, reading, idle, shaking]) {
      peer.socket.resume()
      ends.push(await peer.ended())
      peer.socket.destroy()
    }
    t.ok(
      ends.every((how) => how === 'FIN' || how === 'RST'),
      ends.join(),
    )
  })
  await until(() => sockets() <= before)
  t.equal(sockets(), before)
})
