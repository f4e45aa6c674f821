/**
 * A proxy that speaks Envoy's dialect, on the wire: local replies and passed heads byte for byte as its source makes them,
 * and its access log. There is no Envoy to compare with here; the words are held by test/dialects/envoy.test.ts.
 */
import t from 'tap'
import { dialed, exchange, type Peer, type ProxyUnderTest, proxyTo, until, withRawOrigin } from './peers.js'

const ASK = 'GET /a HTTP/1.1\r\nHost: lb.test\r\nX-Request-Id: one\r\n\r\n'
const CLOSING = ASK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')

const lines = ({ journal }: ProxyUnderTest): string[] =>
  journal.flatMap((event) => (event.event === 'log' ? [`${event.level}: ${event.line}`] : []))

const TIMES = /^date: .*\r$/gm
const undated = (received: string): string =>
  received.replace(TIMES, 'date: then\r').replace(/service-time: \d+/, 'service-time: N')

/** The line of the access log, without what differs from run to run. */
async function logged(proxy: ProxyUnderTest): Promise<string> {
  await until(() => lines(proxy).length > 0)
  return lines(proxy)
    .join('\n')
    .replace(/\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\]/, '[then]')
    .replace(/127\.0\.0\.1:\d+/, 'HOST')
    .replace(/(\d+ \d+) \d+ (\d+|-) "/, (_, bytes, service) => `${bytes} MS ${service === '-' ? '-' : 'MS'} "`)
}

const saying = (bytes: string, then: (peer: Peer) => unknown) => async (peer: Peer) => {
  await peer.until('\r\n\r\n')
  if (bytes !== '') peer.send(bytes)
  then(peer)
}
const fin = (peer: Peer) => void peer.socket.end()
const rst = (peer: Peer) => void setImmediate(() => peer.socket.resetAndDestroy())

const CONNECT_ERROR = 'upstream connect error or disconnect/reset before headers. '
const reply = (status: string, body: string) =>
  `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\ncontent-type: text/plain\r\ndate: then\r\nserver: envoy\r\nconnection: close\r\n\r\n${body}`
const entry = (said: string, service = '-', host = 'HOST') =>
  `access: [then] "GET /a HTTP/1.1" ${said} MS ${service} "-" "-" "one" "lb.test" "${host}"`
const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-App: A\r\n\r\nhello'
const PASSED =
  'HTTP/1.1 200 OK\r\ncontent-length: 10\r\nx-app: A\r\nx-envoy-upstream-service-time: N\r\ndate: then\r\nserver: envoy\r\nconnection: close\r\n\r\nhello'

const table: [name: string, bytes: string, then: (peer: Peer) => unknown, got: string, log: string][] = [
  [
    'a closed connection is a 503',
    '',
    fin,
    reply('503 Service Unavailable', `${CONNECT_ERROR}reset reason: connection termination`),
    entry('503 UC upstream_reset_before_response_started{connection_termination} 0 95'),
  ],
  [
    'a reset one as well',
    '',
    rst,
    reply('503 Service Unavailable', `${CONNECT_ERROR}reset reason: connection termination`),
    entry('503 UC upstream_reset_before_response_started{connection_termination} 0 95'),
  ],
  [
    'what is no HTTP is a 502',
    'SSH-2.0-OpenSSH_9.2\r\n',
    fin,
    reply('502 Bad Gateway', `${CONNECT_ERROR}reset reason: protocol error`),
    entry('502 UPE upstream_reset_before_response_started{protocol_error} 0 87'),
  ],
  [
    'a body that is cut was passed on as far as it came',
    HELLO,
    fin,
    PASSED,
    entry('200 UC upstream_reset_after_response_started{connection_termination} 0 5', 'MS'),
  ],
  [
    'one that is reset as well',
    HELLO,
    rst,
    PASSED,
    entry('200 UC upstream_reset_after_response_started{connection_termination} 0 5', 'MS'),
  ],
  [
    'a bad chunk is told by the log',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n',
    fin,
    'HTTP/1.1 200 OK\r\nx-envoy-upstream-service-time: N\r\ndate: then\r\nserver: envoy\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
    entry('200 UPE upstream_reset_after_response_started{protocol_error} 0 5', 'MS'),
  ],
  [
    'the upstream’s own 503 is passed on',
    'HTTP/1.1 503 Busy\r\nContent-Length: 2\r\nServer: app\r\n\r\nno',
    fin,
    'HTTP/1.1 503 Busy\r\ncontent-length: 2\r\nserver: envoy\r\nx-envoy-upstream-service-time: N\r\ndate: then\r\nconnection: close\r\n\r\nno',
    entry('503 - via_upstream 0 2', 'MS'),
  ],
]

for (const [name, bytes, then, got, log] of table) {
  t.test(name, async (t) => {
    await withRawOrigin(
      saying(bytes, then),
      async (proxy) => {
        t.equal(undated((await exchange(proxy.port, CLOSING)).received), got)
        t.equal(await logged(proxy), log)
      },
      { dialect: 'envoy' },
    )
  })
}

t.test('nobody listens: 503, the errno and the address', async (t) => {
  const proxy = await proxyTo([1], { dialect: 'envoy' })
  const body = `${CONNECT_ERROR}reset reason: remote connection failure, transport failure reason: delayed connect error: 111`
  t.equal(undated((await exchange(proxy.port, CLOSING)).received), reply('503 Service Unavailable', body))
  const details = 'upstream_reset_before_response_started{remote_connection_failure,delayed_connect_error:_111}'
  t.equal(await logged(proxy), entry(`503 UF ${details} 0 ${body.length}`))
  await proxy.close()
})

t.test('nothing comes in time: 504', async (t) => {
  await withRawOrigin(
    saying('', () => {}),
    async (proxy) => {
      t.equal(
        undated((await exchange(proxy.port, CLOSING)).received),
        reply('504 Gateway Timeout', 'upstream request timeout'),
      )
      t.equal(await logged(proxy), entry('504 UT response_timeout 0 24'))
    },
    { dialect: 'envoy', timeouts: { read: '50ms' } },
  )
})

t.test('beyond the rate: 429', async (t) => {
  await withRawOrigin(
    saying('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', fin),
    async (proxy) => {
      await exchange(proxy.port, CLOSING)
      t.equal(
        undated((await exchange(proxy.port, CLOSING)).received),
        reply('429 Too Many Requests', 'local_rate_limited'),
      )
      await until(() => lines(proxy).length > 1)
      t.match(lines(proxy)[1], ' 429 RL local_rate_limited 0 18 ')
    },
    { dialect: 'envoy', rate_limit: { rate: '1/m' } },
  )
})

t.test('the head goes out before any of the body, and the connection is kept', async (t) => {
  let go = () => {}
  await withRawOrigin(
    async (peer) => {
      await peer.until('\r\n\r\n')
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
      go = () => void peer.send('hello')
    },
    async (proxy) => {
      const peer = (await dialed(proxy.port)).send(ASK)
      t.notMatch(await peer.until('\r\n\r\n'), /connection:/i)
      t.notMatch(peer.received, 'hello')
      go()
      await peer.until('hello')
      peer.send(ASK)
      await until(() => proxy.forwards().length === 1)
      await peer.until('hello')
      peer.socket.destroy()
    },
    { dialect: 'envoy' },
  )
})

t.test('interim responses pass, and trailers do not', async (t) => {
  await withRawOrigin(
    saying(
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n',
      () => {},
    ),
    async (proxy) => {
      const { received } = await exchange(proxy.port, CLOSING)
      t.match(received, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
      t.notMatch(received, /X-T/i)
      t.match(received, /\r\n\r\n2\r\nok\r\n0\r\n\r\n$/)
    },
    { dialect: 'envoy' },
  )
})

t.test('what was taken of the request counts, and who left is told', async (t) => {
  let arrived = false
  await withRawOrigin(
    async (peer) => {
      await peer.until('\r\n0\r\n\r\n')
      arrived = true
    },
    async (proxy) => {
      const head = 'POST /a HTTP/1.1\r\nHost: lb.test\r\nX-Request-Id: one\r\nX-Forwarded-For: 10.1.1.1\r\n'
      const body = 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
      const peer = (await dialed(proxy.port)).send(head + body)
      await until(() => arrived)
      peer.socket.destroy()
      const said = '"POST /a HTTP/1.1" 0 DC downstream_remote_disconnect 5 0 MS - "10.1.1.1" "-" "one" "lb.test"'
      t.match(await logged(proxy), said)
    },
    { dialect: 'envoy' },
  )
})

t.test('a request that is none is refused in the codec’s words', async (t) => {
  const proxy = await proxyTo([1], { dialect: 'envoy' })
  const { received } = await exchange(proxy.port, 'NONSENSE\r\n\r\n')
  t.equal(undated(received), reply('400 Bad Request', 'Bad Request'))
  await until(() => lines(proxy).length > 0)
  t.match(lines(proxy)[0], ' 400 DPE http1.codec_error 0 11 ')
  const hostless = await exchange(proxy.port, 'GET / HTTP/1.1\r\n\r\n')
  t.equal(
    undated(hostless.received),
    'HTTP/1.1 400 Bad Request\r\ndate: then\r\nserver: envoy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
  )
  await proxy.close()
})
