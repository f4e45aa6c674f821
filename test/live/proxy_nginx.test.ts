/**
 * A proxy that speaks nginx's dialect, on the wire and without an nginx: what its client gets, which connections it keeps,
 * and the lines of its logs. That nginx does the same is for test/alone/answers_nginx.ts.
 */
import t, { type Test } from 'tap'
import { runScenario } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'
import { answering, dialed, type Peer, type ProxyUnderTest, until, withRawOrigin } from './peers.js'

const ASK = 'GET /a HTTP/1.1\r\nHost: lb.test\r\nX-Request-Id: one\r\n\r\n'
const NEXT = 'GET /next HTTP/1.1\r\nHost: lb.test\r\n\r\n'
const MARK = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nmarked'
const PAGE =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n' +
  '<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n'

/** Each connection answers its first request so, and any other with the mark. */
const saying = (bytes: string, then: (peer: Peer) => unknown) => async (peer: Peer) => {
  const asked = await peer.until('\r\n\r\n')
  if (asked.startsWith('GET /next')) return void peer.send(MARK)
  if (bytes !== '') peer.send(bytes)
  then(peer)
}

const fin = (peer: Peer) => void peer.socket.end()
const rst = (peer: Peer) => void setImmediate(() => peer.socket.resetAndDestroy())
/** It stays open, and takes another request. */
const open = async (peer: Peer) => {
  if ((await peer.until('GET /next')).includes('GET /next')) peer.send(MARK)
}

const log = ({ journal }: ProxyUnderTest): string[] =>
  journal.flatMap((event) => {
    if (event.event !== 'log' || event.request !== 'one') return []
    return [event.level === 'access' ? event.line : `${event.level}: ${event.line.replace(/, client: .*/, '')}`]
  })

/** What the client got of the first response, and whether its connection took another request. */
async function ask(proxy: ProxyUnderTest): Promise<{ got: string; goesOn: boolean }> {
  const peer = await dialed(proxy.port)
  peer.send(ASK)
  await until(() => proxy.journal.some((event) => event.event === 'log' && event.level === 'access'))
  peer.send(NEXT)
  const all = (await peer.until('marked')).replace(/^Date: .*\r$/gm, 'Date: then\r')
  peer.socket.destroy()
  const at = all.lastIndexOf('HTTP/1.1 200 OK\r\nServer: nginx')
  const goesOn = all.endsWith('marked')
  return { got: goesOn ? all.slice(0, at) : all, goesOn }
}

const SERVER = 'Server: nginx/1.22.1\r\nDate: then\r\n'
const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

const table: [
  name: string,
  bytes: string,
  then: (peer: Peer) => unknown,
  got: string,
  goesOn: boolean,
  ...log: RegExp[],
][] = [
  [
    'a closed connection is its page, and no word of RFC 9209',
    '',
    fin,
    `HTTP/1.1 502 Bad Gateway\r\n${SERVER}Content-Type: text/html\r\nContent-Length: 157\r\nConnection: keep-alive\r\n\r\n${PAGE}`,
    true,
    /^error: upstream prematurely closed connection while reading response header from upstream$/,
    /"GET \/a HTTP\/1\.1" 502 157 "-" "-" 127\.0\.0\.1:\d+ 502 \d\.\d{3}$/,
  ],
  [
    'what is not HTTP passes as it is: 009',
    'SSH-2.0-OpenSSH_9.2\r\n',
    fin,
    'SSH-2.0-OpenSSH_9.2\r\n',
    true,
    /^error: upstream sent no valid HTTP\/1\.0 header while reading response header from upstream$/,
    /" 009 21 "-" "-" 127\.0\.0\.1:\d+ 200 \d/,
  ],
  [
    'control characters pass',
    'HTTP/1.1 200 O\u0001K\r\nX-A: \u0001\u00ff\r\nNoColon\r\nContent-Length: 2\r\n\r\nok',
    open,
    `HTTP/1.1 200 O\u0001K\r\n${SERVER}Content-Length: 2\r\nConnection: keep-alive\r\nX-A: \u0001\u00ff\r\nNoColon: \r\n\r\nok`,
    true,
    /" 200 2 "/,
  ],
  [
    'cut by a FIN, what had come is passed on',
    LENGTH,
    fin,
    `HTTP/1.1 200 OK\r\n${SERVER}Content-Length: 100\r\nConnection: keep-alive\r\n\r\nhello`,
    false,
    /^error: upstream prematurely closed connection while reading upstream$/,
    /" 200 5 "/,
  ],
  [
    'an invalid chunk in the first buffer: the client hears nothing',
    `${CHUNKED}2\r\nok\r\nzz\r\n`,
    open,
    '',
    false,
    /^error: upstream sent invalid chunked response while reading upstream$/,
    /" 200 0 "/,
  ],
]

for (const [name, bytes, then, got, goesOn, ...lines] of table) {
  t.test(name, (t) =>
    withRawOrigin(
      saying(bytes, then),
      async (proxy) => {
        t.strictSame(await ask(proxy), { got, goesOn })
        const said = log(proxy)
        t.equal(said.length, lines.length, said.join('\n'))
        for (const [index, line] of lines.entries()) t.match(said[index], line)
      },
      { dialect: 'nginx' },
    ),
  )
}

t.test('cut by an RST, the part of a body that filled no buffer is lost', (t) =>
  withRawOrigin(
    async (peer) => {
      const asked = await peer.until('\r\n\r\n')
      if (asked.startsWith('GET /next')) return void peer.send(MARK)
      peer.send(LENGTH)
      // Nothing shows that the proxy has read it.
      setTimeout(() => rst(peer), 100)
    },
    async (proxy) => {
      const head = `HTTP/1.1 200 OK\r\n${SERVER}Content-Length: 100\r\nConnection: keep-alive\r\n\r\n`
      t.strictSame(await ask(proxy), { got: head, goesOn: false })
      t.match(log(proxy)[0], 'error: readv() failed (104: Connection reset by peer) while reading upstream')
    },
    { dialect: 'nginx' },
  ),
)

t.test('more than a response is told, and its connection not used again', (t) =>
  withRawOrigin(
    saying('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay', open),
    async (proxy, origin) => {
      t.match(await ask(proxy), { goesOn: true })
      t.equal(origin.connections.length, 2)
      t.match(
        log(proxy)[0],
        'warn: upstream sent more data than specified in "Content-Length" header while reading upstream',
      )
    },
    { dialect: 'nginx' },
  ),
)

t.test('a connection whose response was whole is used again', (t) =>
  withRawOrigin(
    async (peer) => {
      await peer.until('\r\n\r\n')
      peer.send(`${CHUNKED}2\r\nok\r\n0\r\n\r\n`)
      await peer.until('GET /next')
      peer.send(MARK)
    },
    async (proxy, origin) => {
      t.match(await ask(proxy), { goesOn: true })
      t.equal(origin.connections.length, 1)
    },
    { dialect: 'nginx' },
  ),
)

t.test('the read limit is one for the whole head, however it trickles', (t) =>
  withRawOrigin(
    async (peer) => {
      await peer.until('\r\n\r\n')
      const drip = setInterval(() => peer.send('X'), 60)
      peer.socket.on('close', () => clearInterval(drip))
      peer.send('HTTP/1.1 200 OK\r\n')
    },
    async (proxy) => {
      const peer = await dialed(proxy.port)
      peer.send(ASK)
      t.match(await peer.until('</html>'), /^HTTP\/1\.1 504 Gateway Time-out\r\n/)
      peer.socket.destroy()
    },
    { dialect: 'nginx', timeouts: { read: '250ms' } },
  ),
)

t.test('a client that left is 499 in the access log', (t) =>
  withRawOrigin(
    answering(),
    async (proxy, origin) => {
      const peer = await dialed(proxy.port)
      peer.send(ASK)
      await until(() => origin.connections.length === 1)
      await origin.connections[0]!.until('\r\n\r\n')
      peer.socket.destroy()
      await until(() => log(proxy).length === 2)
      t.match(log(proxy)[1], /" 499 0 "-" "-" 127\.0\.0\.1:\d+ - \d\.\d{3}$/)
    },
    { dialect: 'nginx' },
  ),
)

t.test('requests that are refused get its pages', (t) =>
  withRawOrigin(
    answering(MARK),
    async (proxy) => {
      await refused(t, proxy, 'GET / HTTP/1.1\r\n\r\n', '400 Bad Request')
      await refused(t, proxy, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n', '501 Not Implemented')
      await refused(t, proxy, 'GARBAGE\r\n\r\n', '400 Bad Request')
      await refused(t, proxy, 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', '400 Bad Request')
    },
    { dialect: 'nginx' },
  ),
)

async function refused(t: Test, { port }: ProxyUnderTest, request: string, status: string): Promise<void> {
  const peer = await dialed(port)
  peer.send(request)
  t.equal(await peer.ended(), 'FIN')
  t.match(peer.received, `HTTP/1.1 ${status}\r\nServer: nginx/1.22.1\r\n`)
  t.ok(peer.received.endsWith(`<center><h1>${status}</h1></center>\r\n${PAGE.slice(PAGE.indexOf('<hr>'))}`), status)
  t.notMatch(peer.received, /proxy-status/i)
  peer.socket.destroy()
}

t.test('100 Continue is its own word, and a small body in chunks goes on with its length', (t) =>
  withRawOrigin(
    answering(MARK),
    async (proxy, origin) => {
      const peer = await dialed(proxy.port)
      const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n'
      peer.send(`${head}Expect: 100-continue\r\n\r\n2\r\nok\r\n0\r\n\r\n`)
      t.match(await peer.until('marked'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
      t.match(origin.connections[0]!.received.toLowerCase(), 'content-length: 2\r\n')
      t.notMatch(origin.connections[0]!.received, /^(expect|via|transfer-encoding):/im)
      peer.socket.destroy()
    },
    { dialect: 'nginx' },
  ),
)

for (const [bytes, told] of [
  [8_192, 'content-length: 8192'],
  [20_480, 'transfer-encoding: chunked'],
] as const) {
  t.test(`${bytes} bytes in chunks that come with the head go on with "${told}"`, (t) =>
    withRawOrigin(
      answering(MARK),
      async (proxy, origin) => {
        const peer = await dialed(proxy.port)
        const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
        peer.send(`${head}${bytes.toString(16)}\r\n${'y'.repeat(bytes)}\r\n0\r\n\r\n`)
        await peer.until('marked')
        const [fields] = origin.connections[0]!.received.toLowerCase().split('\r\n\r\n')
        t.strictSame(fields!.match(/^(content-length|transfer-encoding):.*$/gm), [told])
        peer.socket.destroy()
      },
      { dialect: 'nginx' },
    ),
  )
}

t.test('checks read both of its logs', async (t) => {
  const scenario = checkScenario(
    {
      id: 'logs',
      title: 'logs',
      hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'], dialect: 'nginx' } },
      clients: { plain: { to: 'lb', load: { requests: 2 } } },
      faults: [{ id: 'gone', on: 'app', at: 'request_head', effect: 'close' }],
      expect: [
        { log: 'lb', contains: 'upstream prematurely closed connection', count: '= 2' },
        { log: 'lb', contains: '" 502 157 "', count: '= 2' },
        { client: 'plain', bytes: '= 157' },
      ],
    } as never,
    { runnable: true },
  )
  const { verdict, checks } = await runScenario({ file: 'logs.yaml', scenario })
  t.equal(verdict, 'pass', JSON.stringify(checks))
})
