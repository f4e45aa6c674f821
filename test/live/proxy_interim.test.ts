/**
 * What comes before, behind and beside a response: interim responses, trailers, other codings, bytes that nobody asked
 * for. Byte by byte, as RFC 9110 and RFC 9112 have it.
 */
import t from 'tap'
import { answering, dialed, exchange, good, type Peer, statusOf, turn, until, withRawOrigin } from './peers.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const HINTS =
  'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Case: kept\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n'
const PASSED_HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Case: kept\r\n\r\n'

t.test('interim responses are passed on, asked for or not, and the final one behind them', async (t) => {
  const cases: [name: string, parts: string[], passed: string][] = [
    ['100', [CONTINUE, OK], CONTINUE],
    ['100 in the segment of the response', [CONTINUE + OK], CONTINUE],
    ['100 twice, with fields', [`HTTP/1.1 100 Go on\r\nX: y\r\n\r\n${CONTINUE}${OK}`], CONTINUE + CONTINUE],
    ['100 byte by byte', [...CONTINUE, ...OK], CONTINUE],
    ['102', ['HTTP/1.1 102 Processing\r\n\r\n', OK], 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103', [HINTS + OK], PASSED_HINTS],
    [
      '103 twice and 199',
      [HINTS, HINTS, 'HTTP/1.1 199 \r\n\r\n', OK],
      `${PASSED_HINTS + PASSED_HINTS}HTTP/1.1 199 \r\n\r\n`,
    ],
    ['100, then 103', [CONTINUE + HINTS + OK], CONTINUE + PASSED_HINTS],
    ['103, then 100', [HINTS + CONTINUE + OK], PASSED_HINTS + CONTINUE],
    ['103 and 100 in pieces', [HINTS, CONTINUE.slice(0, 9), CONTINUE.slice(9), OK], PASSED_HINTS + CONTINUE],
    ['half a 103, the rest with a 100', [HINTS.slice(0, 30), HINTS.slice(30) + CONTINUE + OK], PASSED_HINTS + CONTINUE],
  ]
  for (const [name, parts, passed] of cases) {
    const serve = async (peer: Peer) => {
      for (const n of [1, 2, 3]) {
        await peer.until('\r\n\r\n', n)
        for (const part of parts) {
          peer.send(part)
          await turn()
        }
      }
    }
    await withRawOrigin(serve, async (proxy, origin) => {
      const peer = await dialed(proxy.port)
      for (const n of [1, 2]) {
        peer.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await peer.until('\r\n\r\nok', n)
      }
      t.equal(origin.connections.length, 1, `${name}: the connection is used again`)
      const [first, second, rest] = peer.received.split('\r\n\r\nok')
      // Of a reason phrase that comes in pieces undici keeps the last one.
      for (const one of [first!, second!]) {
        t.ok(one.startsWith(passed) && /^HTTP\/1\.1 200 /.test(one.slice(passed.length)), `${name}: ${one}`)
      }
      t.equal(rest, '')
      t.same(
        proxy.forwards().map(({ status, failure }) => [status, failure]),
        [
          [200, undefined],
          [200, undefined],
        ],
      )
      peer.socket.destroy()

      const old = await exchange(proxy.port, 'GET / HTTP/1.0\r\nHost: x\r\n\r\n')
      t.match(old.received, /^HTTP\/1\.1 200 /, `${name}: HTTP/1.0 knows none`)
    })
  }
})

t.test('an interim response waits for its turn in the pipe', async (t) => {
  const serve = async (peer: Peer) => {
    await peer.until('\r\n\r\n')
    if (peer.received.startsWith('GET /second')) return peer.send(HINTS + OK)
    await until(() => proxySecond.done)
    return peer.send(OK)
  }
  const proxySecond = { done: false }
  await withRawOrigin(serve, async (proxy, origin) => {
    const peer = await dialed(proxy.port)
    peer.send('GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => proxy.forwards().some(({ path }) => path === '/second'))
    t.equal(peer.received, '')
    proxySecond.done = true
    await peer.until('\r\n\r\nok', 2)
    t.match(
      peer.received,
      /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nokHTTP\/1\.1 103 Early Hints\r\n.*\r\n\r\nHTTP\/1\.1 200 OK/s,
    )
    t.equal(origin.connections.length, 2)
    peer.socket.destroy()
  })
})

t.test('half an interim response is no response', async (t) => {
  for (const part of ['HTTP/1.1 1', 'HTTP/1.1 100 Cont', CONTINUE, `${CONTINUE}HTTP/1.1 20`]) {
    const serve = async (peer: Peer) => {
      await peer.until('\r\n\r\n')
      peer.socket.end(part)
    }
    await withRawOrigin(serve, async (proxy) => {
      const received = await good(proxy.port)
      t.match(received, /HTTP\/1\.1 502 Bad Gateway\r\n/, part)
      t.match(received, '\r\nX-Proxy-Error: upstream_incomplete_response\r\n')
      t.match(proxy.forwards()[0]!.failure, { type: 'http_response_incomplete', stage: 'response_head' })
    })
  }
})

t.test('101 that nobody asked for is refused, however it looks', async (t) => {
  for (const fields of ['', 'Upgrade: x\r\n', 'Connection: upgrade\r\nUpgrade: x\r\n']) {
    await withRawOrigin(answering(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n${OK}`), async (proxy, origin) => {
      t.equal(statusOf(await good(proxy.port)), 502, fields)
      const [forward] = proxy.forwards()
      t.match(forward!.failure, {
        type: 'http_protocol_error',
        stage: 'response_head',
        details: 'switched protocols unasked',
      })
      await origin.connections[0]!.ended()
    })
  }
})

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n'

t.test('trailers of a response are passed on to who can be sent them', async (t) => {
  const trailers =
    'X-Sum: 1\r\nx-latin: \xe9\r\nX-Sum: 2\r\nContent-Type: text/html\r\nKeep-Alive: 5\r\nSet-Cookie: a\r\n'
  for (const parts of [[`${CHUNKED}0\r\n${trailers}\r\n`], [CHUNKED, `0\r\n${trailers}`, '\r\n']]) {
    const serve = async (peer: Peer) => {
      for (const n of [1, 2, 3]) {
        await peer.until('\r\n\r\n', n)
        for (const part of parts) {
          peer.send(part)
          await new Promise((resolve) => setTimeout(resolve, 2))
        }
      }
    }
    await withRawOrigin(serve, async (proxy) => {
      const peer = await dialed(proxy.port)
      peer.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await peer.until('X-Sum: 2\r\n\r\n')
      t.match(peer.received, /\r\nTrailer: X-Sum\r\n/)
      t.ok(
        peer.received.endsWith('\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nx-latin: \xe9\r\nX-Sum: 2\r\n\r\n'),
        JSON.stringify(peer.body),
      )
      peer.socket.destroy()
      for (const asked of [
        'GET / HTTP/1.0\r\nHost: x\r\n\r\n',
        'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      ]) {
        const other = await exchange(proxy.port, asked)
        t.match(other.received, /^HTTP\/1\.1 200 OK\r\n/)
        t.notMatch(other.received, /x-sum/i, asked)
      }
    })
  }
})

t.test('trailers that come with a length, or with a head of its own, harm nobody', async (t) => {
  for (const bytes of [
    'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.1 204 No Content\r\nTrailer: X-Sum\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nTrailer: X-Sum\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\nok',
  ]) {
    const serve = async (peer: Peer) => {
      await answering(bytes)(peer)
      peer.socket.end()
    }
    await withRawOrigin(serve, async (proxy) => {
      t.match(await good(proxy.port), new RegExp(`^HTTP/1\\.1 ${statusOf(bytes)} `), bytes)
      await until(() => proxy.forwards().length === 1)
      t.equal(proxy.forwards()[0]!.failure, undefined)
    })
  }
})

t.test('a response that is cut within its trailers is not completed', async (t) => {
  for (const cut of ['0\r\n', '0\r\nX-Sum: 1\r\n', '0\r\nX-Sum: 1\r\n\r']) {
    const serve = async (peer: Peer) => {
      await peer.until('\r\n\r\n')
      peer.socket.end(CHUNKED + cut)
    }
    await withRawOrigin(serve, async (proxy) => {
      const received = await good(proxy.port)
      t.ok(received.endsWith('\r\n\r\n2\r\nok\r\n'), JSON.stringify(received))
      t.match(proxy.forwards()[0], { cut: true, status: 200, failure: { type: 'http_response_incomplete' } })
    })
  }
})

t.test('a response in another coding than chunked is refused: its name would be lost on the way', async (t) => {
  for (const coding of [
    'gzip, chunked',
    'gzip',
    'chunked, gzip',
    'identity',
    'chunked\r\nTransfer-Encoding: chunked',
  ]) {
    const serve = async (peer: Peer) => {
      await peer.until('\r\n\r\n')
      peer.socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n`)
    }
    await withRawOrigin(serve, async (proxy) => {
      const received = await good(proxy.port)
      t.equal(statusOf(received), 502, coding)
      t.match(received, 'lb;error=http_response_transfer_coding;')
      t.match(proxy.forwards()[0]!.failure, { stage: 'response_head' }, coding)
    })
  }
  await withRawOrigin(
    answering('HTTP/1.1 200 OK\r\nTRANSFER-encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    async (proxy) => {
      t.match(await good(proxy.port), /\r\n2\r\nok\r\n0\r\n\r\n$/)
    },
  )
})

t.test('bytes behind a complete response are dropped, and their connection with them', async (t) => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
  const headOnly = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'
  const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'
  for (const [name, method, parts] of [
    ['more than its length', 'GET', [`${OK}more`]],
    ['behind the last chunk', 'GET', [`${chunked}more`]],
    ['a whole response more', 'GET', [OK + poison]],
    ['a response more, a little later', 'GET', [OK, poison]],
    ['the body of HEAD', 'HEAD', [`${headOnly}hello`]],
    ['the body of HEAD, a little later', 'HEAD', [headOnly, 'hello']],
    ['a body behind 204', 'GET', [`HTTP/1.1 204 No Content\r\n\r\nmore`]],
  ] as const) {
    const serve = async (peer: Peer, ordinal: number) => {
      await peer.until('\r\n\r\n')
      if (ordinal > 1) return peer.send(OK)
      for (const part of parts) {
        peer.send(part)
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
    }
    await withRawOrigin(serve, async (proxy, origin) => {
      const first = await exchange(proxy.port, `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      t.match(first.received, /^HTTP\/1\.1 20[04] /, name)
      t.notMatch(first.received, /more|poison|hello/, name)
      await origin.connections[0]!.ended()
      t.match(await good(proxy.port), /\r\n\r\nok$/, `${name}: the next one gets its own answer`)
      const [one, two] = proxy.forwards().map(({ tries }) => tries)
      t.equal(one!.length + two!.length, 2)
      t.equal(two![0]!.reused, false, 'and a connection of its own')
      t.same([one![0]!.failure, two![0]!.failure], [undefined, undefined])
    })
  }
})

t.test('HEAD does not cost a connection', async (t) => {
  for (const bytes of [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n',
  ]) {
    const serve = async (peer: Peer) => {
      for (let n = 1; n <= 3; n++) {
        await peer.until('\r\n\r\n', n)
        peer.send(bytes)
      }
    }
    await withRawOrigin(serve, async (proxy, origin) => {
      for (let n = 1; n <= 3; n++) {
        const { received } = await exchange(proxy.port, 'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        t.match(received, /^HTTP\/1\.1 200 .*\r\n\r\n$/s)
      }
      t.equal(origin.connections.length, 1)
      t.notMatch(origin.connections[0]!.received, /connection: close/i)
    })
  }
})
