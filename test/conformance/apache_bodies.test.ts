/** How far Apache reads a body before it asks a server, and what becomes of its framing: the real one and the mini proxy. */
import t, { type Test } from 'tap'
import { answering, dialed, proxyTo, rawOrigin, statusOf, until } from '../live/peers.js'
import { apacheVersion, startApache } from './apache_order/apache.js'

const MEANT = '2.4.71'
const version = apacheVersion()
const skip =
  version !== MEANT && process.env.NO_SKIP !== '1' && `Apache ${MEANT} is not installed: apt-get install apache2`

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'

interface Entrance {
  port: number
  close(): Promise<void>
}

type Start = (port: number) => Promise<Entrance>

const mini: Start = (port) => proxyTo([port], { dialect: 'apache', keepalive: { connections: 0 } } as never)

/** With one server behind it. */
const real: Start = (port) => {
  const server = { weight: 1, backup: false, down: false, dead: false, max_conns: 0, forgiven: false }
  const only = {
    id: 'x',
    max_attempts: undefined,
    force_recovery: true,
    fail_on_status: [],
    servers: [server],
    steps: [],
  }
  return startApache([only], [port])
}

const chunked = (bytes: number): string =>
  bytes === 0 ? '0\r\n\r\n' : `${bytes.toString(16)}\r\n${'y'.repeat(bytes)}\r\n0\r\n\r\n`

const head = (fields: string): string => `POST /up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}\r\n\r\n`
const CHUNKED = 'Transfer-Encoding: chunked'

/** The framing that the server is told, once it is told any. */
async function framing(start: Start, ...parts: string[]): Promise<string> {
  const origin = await rawOrigin(answering(OK))
  const proxy = await start(origin.port)
  try {
    const client = await dialed(proxy.port)
    for (const part of parts) {
      client.send(part)
      // The next one comes by itself, and not with this one.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await client.until('ok')
    client.socket.destroy()
    const [told] = origin.connections[0]!.received.split('\r\n\r\n')
    const fields = told!.toLowerCase().split('\r\n').slice(1)
    return fields.filter((field) => /^(content-length|transfer-encoding|trailer|expect):/.test(field)).join(', ')
  } finally {
    await proxy.close()
    await origin.close()
  }
}

const TABLE: [what: string, parts: string[], told: string][] = [
  ['as much as it reads ahead, less one', [head(CHUNKED) + chunked(16_303)], 'content-length: 16303'],
  ['as much as it reads ahead', [head(CHUNKED) + chunked(16_304)], 'transfer-encoding: chunked'],
  ['much more', [head(CHUNKED) + chunked(100_000)], 'transfer-encoding: chunked'],
  ['nothing', [head(CHUNKED) + chunked(0)], 'content-length: 0'],
  ['a body that is slow', [head(CHUNKED), '3\r\nabc\r\n', '1\r\nd\r\n', '0\r\n\r\n'], 'content-length: 4'],
  ['trailers', [head(`${CHUNKED}\r\nTrailer: X-T`), '3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n'], 'content-length: 3'],
  ['a length', [head('Content-Length: 4'), 'ab', 'cd'], 'content-length: 4'],
  ['a large length', [head('Content-Length: 50000'), 'y'.repeat(50_000)], 'content-length: 50000'],
]

async function told(t: Test, start: Start): Promise<void> {
  for (const [what, parts, wanted] of TABLE) t.equal(await framing(start, ...parts), wanted, what)
}

t.test('what Apache tells of a body', { skip }, (t) => told(t, real))

t.test('what the mini proxy tells of one in its dialect', (t) => told(t, mini))

for (const [name, start] of [
  ['Apache', real],
  ['the mini proxy', mini],
] as const) {
  t.test(`${name} does not wait for a body that waits for 100`, { skip: start === real && skip }, async (t) => {
    const origin = await rawOrigin(answering('HTTP/1.1 413 Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno'))
    const proxy = await start(origin.port)
    const client = (await dialed(proxy.port)).send(head(`${CHUNKED}\r\nExpect: 100-continue`))
    await client.until('no')
    t.equal(statusOf(client.received), 413)
    t.match(origin.connections[0]!.received, /^transfer-encoding: chunked\r$/im)
    client.socket.destroy()
    await proxy.close()
    await origin.close()
  })
}

t.test('a client that leaves before its body has come meets no server', async (t) => {
  const origin = await rawOrigin(answering(OK))
  const proxy = await proxyTo([origin.port], { dialect: 'apache' } as never)
  const client = (await dialed(proxy.port)).send(`${head(CHUNKED)}3\r\nabc\r\n`)
  // With a FIN: an RST would take along what the proxy has not read yet.
  client.socket.destroySoon()
  await until(() => proxy.forwards().length === 1)
  t.match(proxy.forwards(), [{ client_left: true, tries: [] }])
  t.equal(origin.connections.length, 0)
  await proxy.close()
  await origin.close()
})
