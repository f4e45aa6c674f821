/** A client behind a gateway: what it puts on the wire, and what it makes of how the gateway and the tunnel end. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import type { AttemptEvent, JournalEvent } from '../../../src/journal/events.js'
import { runClient } from '../../../src/live/client/client.js'
import { startSite } from '../../../src/live/start.js'
import { clientSchema } from '../../../src/scenario/clients.js'
import { hopKinds } from '../../../src/scenario/hops.js'

/** A forward proxy of node:http: what it was asked for, and how it answers, is the test's. */
interface Gate {
  server: Server
  port: number
  connects: IncomingMessage[]
  requests: IncomingMessage[]
}

type OnConnect = (socket: Socket, pass: () => void, nth: number) => void

const OPEN: OnConnect = (_socket, pass) => pass()
const GRANTED = 'HTTP/1.1 200 Connection established\r\nX-Exit-Node: 127.11.1.7\r\n\r\n'

async function gate(t: Test, destination: () => number, onConnect: OnConnect): Promise<Gate> {
  const server = createServer((request, response) => {
    made.requests.push(request)
    response.writeHead(200, { 'X-Exit-Node': '127.11.1.8', 'Content-Length': 2 }).end('ok')
  })
  const made: Gate = { server, port: 0, connects: [], requests: [] }
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  server.on('connect', (request, socket: Socket, rest) => {
    const nth = made.connects.push(request)
    const pass = () => {
      const onward = connect(destination(), '127.0.0.1')
      sockets.add(onward.on('error', () => socket.destroy()))
      socket.write(GRANTED)
      onward.write(rest)
      socket.pipe(onward).pipe(socket)
    }
    onConnect(socket, pass, nth)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  made.port = (server.address() as AddressInfo).port
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return made
}

interface Ran {
  journal: JournalEvent[]
  attempts: AttemptEvent[]
  gate: Gate
}

interface Order {
  client?: Omit<Partial<z.input<typeof clientSchema>>, 'through'>
  through?: Partial<z.input<typeof clientSchema>['through']>
  app?: object
  onConnect?: OnConnect
}

/** Runs the client `plain` through the gate to the origin `app`, to the end of its load. */
async function ran(t: Test, { client, through, app, onConnect = OPEN }: Order): Promise<Ran> {
  const journal: JournalEvent[] = []
  const hops = { app: hopKinds.origin.schema.parse({ kind: 'origin', tls: true, ...app }) }
  const site = await startSite(
    { id: 'bare', hops, faults: [], seed: 1 },
    (event) => void journal.push(event),
    (message) => t.fail(message),
  )
  t.teardown(() => site.scope.close())
  const made = await gate(t, () => site.addressOf('app').port, onConnect)
  // Who stands at that address is not the client's to know.
  const scenario = {
    ...site.scenario,
    hops: { ...hops, gw: hopKinds.proxy.schema.parse({ kind: 'proxy', to: ['app'] }) },
  }
  const addressOf = (hop: string) =>
    hop === 'gw' ? { hop, place: 'gw', host: '127.0.0.1', port: made.port } : site.addressOf(hop)
  const config = clientSchema.parse({ to: 'app', through: { gateway: 'gw', ...through }, ...client })
  await site.beginLoad()
  await runClient({ ...site, scenario, addressOf }, 'plain', config, new AbortController().signal)
  const attempts = journal.filter((event): event is AttemptEvent => event.event === 'attempt')
  return { journal, attempts, gate: made }
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const credentialsOf = (requests: IncomingMessage[]) => requests.map(({ headers }) => headers['proxy-authorization'])

t.test('a tunnel is asked for once, and TLS goes from end to end', async (t) => {
  const seen = await ran(t, { client: { load: { requests: 3 } }, through: { user: 'alice', password: 'secret' } })
  t.match(
    seen.gate.connects.map(({ url, headers }) => [url, headers]),
    [
      [
        'app.test:443',
        { host: 'app.test:443', 'proxy-authorization': basic('alice:secret'), 'x-request-id': 'plain-1' },
      ],
    ],
  )
  t.match(seen.attempts, [
    { status: 200, tls: true, reused: false, exit: '127.11.1.7', tunnelled: { to: 'app.test:443', status: 200 } },
    { status: 200, tls: true, reused: true, exit: '127.11.1.7', tunnelled: { to: 'app.test:443', status: 200 } },
    { status: 200, reused: true },
  ])
  t.ok(seen.attempts[0]!.tunnelled!.ms !== undefined && seen.attempts[0]!.tls_ms !== undefined)
  t.equal(seen.attempts[1]!.tunnelled!.ms, undefined, 'the second request did not ask for it')
  t.equal(seen.attempts[0]!.address, `127.0.0.1:${seen.gate.port}`)
  t.match(
    seen.journal.filter(({ event }) => event === 'served'),
    [{ request: 'plain-1' }, { request: 'plain-2' }, { request: 'plain-3' }],
  )
  const [served] = seen.journal.filter((event) => event.event === 'served')
  t.equal(served!.path, '/')
})

t.test('plain HTTP goes through a tunnel as well, and what is not the destination’s does not count', async (t) => {
  const seen = await ran(t, { app: { tls: false }, client: { request: { method: 'POST', body: 'hello' } } })
  t.equal(seen.gate.connects[0]!.url, 'app.test:80')
  t.match(seen.attempts, [{ status: 200, tls: false, tunnelled: { status: 200 } }])
  const cut = await ran(t, { app: { tls: false }, onConnect: (socket) => socket.end(GRANTED) })
  t.match(cut.attempts[0]!.failure, { type: 'connection_terminated', stage: 'response_head', manner: 'closed' })
})

t.test('what a gateway answers instead is what the attempt got', async (t) => {
  const page = 'no such user here\n'
  const refusal = `HTTP/1.1 407 No\r\nContent-Length: ${page.length}\r\nProxy-Status: gw; error=http_request_denied\r\nX-Proxy-Error: bad_credentials\r\n\r\n${page}`
  for (const method of ['GET', 'POST', 'HEAD']) {
    const body = method === 'POST' ? { body: 'hello' } : {}
    const seen = await ran(t, {
      client: { load: { requests: 2 }, request: { method, ...body } },
      onConnect: (socket) => socket.write(refusal),
    })
    t.match(
      seen.attempts,
      [1, 2].map(() => ({
        status: 407,
        reused: false,
        proxy_error: 'bad_credentials',
        proxy_status: 'gw; error=http_request_denied',
        tunnelled: { status: 407 },
      })),
      method,
    )
    t.ok(seen.attempts.every(({ failure, exit, tls_ms }) => failure ?? exit ?? tls_ms === undefined))
    t.equal(seen.attempts[0]!.bytes, method === 'HEAD' ? 0 : page.length)
    t.equal(seen.gate.connects.length, 2, 'a tunnel that was refused is not used again')
    t.notOk(seen.journal.some(({ event }) => event === 'served'))
  }
})

t.test('a refusal is heard with a body in chunks under way, raw bytes, and an upgrade', async (t) => {
  const onConnect: OnConnect = (socket) => socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy')
  for (const request of [
    { method: 'POST', size: '300KB', framing: 'chunked' },
    { raw: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' },
    { upgrade: 'websocket' },
  ] as const) {
    const seen = await ran(t, { onConnect, client: { request } })
    t.match(
      seen.attempts,
      [{ status: 503, bytes: 4, failure: undefined, tunnelled: { status: 503 } }],
      JSON.stringify(request),
    )
    t.notOk(seen.journal.some(({ event }) => event === 'served'))
  }
})

t.test('WebSocket and raw bytes go through a tunnel', async (t) => {
  const app = { websocket: true, tls: true }
  const spoken = await ran(t, { app, client: { request: { upgrade: 'websocket', body: 'hello' } } })
  t.match(spoken.attempts, [{ status: 101, bytes: 5, failure: undefined, tunnelled: { status: 200 } }])
  const raw = await ran(t, { client: { request: { raw: 'GET /raw HTTP/1.1\r\nHost: x\r\n\r\n' } } })
  t.match(raw.attempts, [{ status: 200, tls: true, tunnelled: { status: 200 } }])
})

t.test('an interim response before the 200 is none of the answer, and another 2xx is as good', async (t) => {
  const seen = await ran(t, {
    app: { tls: false },
    onConnect: (socket, pass) => {
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')
      pass()
    },
  })
  t.match(seen.attempts, [{ status: 200, exit: '127.11.1.7', tunnelled: { status: 200 } }])
})

t.test('one that is cut in its refusal is cut, one without a length ends with the connection', async (t) => {
  const cut = await ran(t, { onConnect: (socket) => socket.end('HTTP/1.1 502 Bad\r\nContent-Length: 10\r\n\r\nabc') })
  t.match(cut.attempts, [
    { status: 502, bytes: 3, truncated: true, failure: { type: 'http_response_incomplete', stage: 'response_body' } },
  ])
  const whole = await ran(t, { onConnect: (socket) => socket.end('HTTP/1.0 503 Busy\r\n\r\nabc') })
  t.match(whole.attempts, [{ status: 503, bytes: 3, failure: undefined, truncated: undefined }])
})

t.test('a reset after the 200 is one of TLS at the client, and no status', async (t) => {
  const seen = await ran(t, {
    onConnect: (socket) => {
      socket.write(GRANTED)
      socket.once('data', () => socket.resetAndDestroy())
    },
  })
  t.match(seen.attempts, [
    {
      status: undefined,
      exit: '127.11.1.7',
      tunnelled: { status: 200 },
      failure: { type: 'connection_terminated', stage: 'tls', manner: 'reset' },
    },
  ])
})

t.test('how a gateway fails before it has answered', async (t) => {
  const ends: [string, OnConnect, object][] = [
    ['FIN', (socket) => socket.end(), { type: 'connection_terminated', stage: 'response_head', manner: 'closed' }],
    [
      'RST',
      (socket) => socket.resetAndDestroy(),
      { type: 'connection_terminated', stage: 'response_head', manner: 'reset' },
    ],
    ['silence', () => {}, { type: 'connection_read_timeout', stage: 'response_head', manner: 'timeout' }],
    ['no HTTP', (socket) => socket.write('SSH-2.0-x\r\n'), { type: 'http_protocol_error', stage: 'response_head' }],
  ]
  for (const [what, onConnect, failure] of ends) {
    const seen = await ran(t, { onConnect, client: { timeout: '300ms' } })
    t.match(seen.attempts, [{ status: undefined, failure, tunnelled: { to: 'app.test:443', status: undefined } }], what)
  }
})

t.test('a client gives up in the middle of asking', async (t) => {
  const seen = await ran(t, { onConnect: () => {}, client: { gives_up: '30ms' } })
  t.match(seen.attempts, [{ gave_up: true, status: undefined, failure: undefined, decision: 'gave_up' }])
})

t.test('sessions: one each for a request, an attempt, an instance; or a word for all', async (t) => {
  const refuse: OnConnect = (socket) => socket.end('HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n')
  const retry = { type: 'fixed', attempts: 2, delay: '1ms' } as const
  const names = async (session: object | string, client: object = {}, onConnect = OPEN) => {
    const seen = await ran(t, {
      client,
      onConnect,
      through: { user: 'alice', password: 'x', session: session as 'none' },
    })
    return credentialsOf(seen.gate.connects).map((value) => atob(value!.slice('Basic '.length)))
  }
  t.same(await names({ per: 'request' }, { load: { requests: 2 } }), [
    'alice-session-plain-1:x',
    'alice-session-plain-2:x',
  ])
  t.same(await names({ per: 'request' }, { retry }, refuse), ['alice-session-plain-1:x', 'alice-session-plain-1:x'])
  t.same(await names({ per: 'attempt' }, { retry }, refuse), ['alice-session-plain-1.1:x', 'alice-session-plain-1.2:x'])
  t.same(await names({ per: 'instance' }, { instances: 2, load: { requests: 4 } }), [
    'alice-session-plain.0:x',
    'alice-session-plain.1:x',
  ])
  t.same(await names('abc', { load: { requests: 2 } }), ['alice-session-abc:x'])
})

t.test('absolute form: the whole URL and the credentials with every request, on one connection', async (t) => {
  const seen = await ran(t, {
    client: { load: { requests: 2 }, request: { path: '/a?b=c' } },
    through: { form: 'absolute', user: 'alice', session: { per: 'request' } },
  })
  t.match(
    seen.gate.requests.map(({ url, headers }) => [url, headers.host, headers['x-request-id']]),
    [
      ['https://app.test/a?b=c', 'app.test', 'plain-1'],
      ['https://app.test/a?b=c', 'app.test', 'plain-2'],
    ],
  )
  t.same(
    credentialsOf(seen.gate.requests),
    ['plain-1', 'plain-2'].map((id) => basic(`alice-session-${id}:`)),
  )
  t.match(seen.attempts, [
    { status: 200, tls: false, reused: false, exit: '127.11.1.8', tunnelled: undefined },
    { status: 200, tls: false, reused: true, exit: '127.11.1.8' },
  ])
})

t.test('a value as it stands, and no credentials at all', async (t) => {
  const raw = await ran(t, { through: { authorization: 'Basic alice:secret' } })
  t.same(credentialsOf(raw.gate.connects), ['Basic alice:secret'])
  const none = await ran(t, {})
  t.same(credentialsOf(none.gate.connects), [undefined])
})

t.test('another port or host, and TLS at a plain port: the client itself finds out', async (t) => {
  const closed = await ran(t, { through: { port: 1 } })
  t.match(closed.attempts, [{ address: '127.0.0.1:1', failure: { type: 'connection_refused', stage: 'connect' } }])
  const elsewhere = await ran(t, { through: { host: '127.0.0.9' } })
  t.match(elsewhere.attempts, [{ failure: { type: 'connection_refused', stage: 'connect' } }])
  for (const form of ['connect', 'absolute'] as const) {
    const tls = await ran(t, { through: { scheme: 'https', form } })
    t.match(tls.attempts, [{ status: undefined, failure: { type: 'tls_protocol_error', stage: 'tls' } }], form)
  }
})
