/**
 * An edge on the wire: its own page and its marks, TLS strict and lax, the address it dials from, and who failed when
 * there are two gateways, from the headers of real responses alone.
 */
import { connect } from 'node:net'
import t from 'tap'
import { whoFailed } from '../../src/index.js'
import type { Rig, RigInput } from '../../src/rig.js'
import { dialed, exchange, good, portOf, proxyTo, withRawOrigin, withRig } from './peers.js'

const edge = (to: string, more: object = {}) => ({
  kind: 'proxy',
  to: [to],
  dialect: 'edge',
  server_header: 'edge-example',
  source: '127.0.30.1',
  ...more,
})
const hops = (all: Record<string, object>, ...faults: object[]) => ({ hops: all, faults }) as RigInput
const ask = async (lab: Rig, hop: string) => {
  const response = await fetch(lab.urlOf(hop))
  await response.text()
  return response
}

t.test('what passes has its Server header and its mark, whatever the origin called itself', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nServer: app/1\r\nX-A: b\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'
  await withRawOrigin(
    async (peer) => {
      await peer.until('\r\n\r\n')
      t.match(peer.received, /\r\nVia: 1\.1 lb\r\n/)
      peer.send(answer).socket.end()
    },
    async (proxy) => {
      const received = await good(proxy.port)
      t.match(received, /^HTTP\/1\.1 200 OK\r\n/)
      t.match(received, /\r\nServer: edge-example\r\n/)
      t.notMatch(received, /app\/1|X-Edge-Error|Proxy-Status/)
      t.match(received, /\r\nX-Edge-Id: lb\/lb-1\r\n/)
      t.match(received, /\r\n\r\nok$/)
    },
    { dialect: 'edge', server_header: 'edge-example' },
  )
})

t.test('its own page, whole and framed; a bad request gets one as well, and the end of its connection', async (t) => {
  const proxy = await proxyTo([1], { dialect: 'edge' })
  const received = await good(proxy.port)
  t.match(
    received,
    /^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*\r\nServer: edge\r\n[\s\S]*\r\nX-Edge-Error: origin_unreachable\r\n/,
  )
  const [head, body] = received.split('\r\n\r\n') as [string, string]
  t.equal(Number(/Content-Length: (\d+)/.exec(head)?.[1]), body.length)
  const refused = await exchange(proxy.port, 'GET / HTTP/1.1\r\n\r\n')
  t.match(refused.received, /^HTTP\/1\.1 400 [\s\S]*Server: edge\r\n[\s\S]*X-Edge-Error: request_refused\r\n/)
  await proxy.close()
})

t.test('a strict edge answers for a bad certificate, a lax one asks all the same', async (t) => {
  const all = {
    app: { kind: 'origin', tls: true },
    strict: edge('app'),
    lax: edge('app', { upstream_tls: { verify: false } }),
  }
  const fault = { id: 'bad', on: 'app', at: 'handshake', effect: { type: 'certificate', kind: 'wrong_host' } }
  await withRig(hops(all, fault), async (lab) => {
    const [strict, lax] = [await ask(lab, 'strict'), await ask(lab, 'lax')]
    t.equal(strict.status, 502)
    t.equal(strict.headers.get('x-edge-error'), 'origin_certificate')
    t.equal(lax.status, 200)
    t.equal(lax.headers.get('server'), 'edge-example')
  })
})

t.test('an origin sees the address that the edge dials from, and may refuse that one alone', async (t) => {
  const all = {
    app: { kind: 'origin' },
    kept_out: edge('app', { source: '127.0.30.1' }),
    let_in: edge('app', { source: '127.0.31.1' }),
  }
  const fault = { id: 'blocked', on: 'app', at: 'accept', effect: 'reset', match: { source: '127.0.30.*' } }
  await withRig(hops(all, fault), async (lab) => {
    t.equal((await ask(lab, 'kept_out')).status, 502)
    t.equal((await ask(lab, 'let_in')).status, 200)
    t.equal((await ask(lab, 'app')).status, 200)
    const peers = lab.journal.filter((event) => event.event === 'connection' && event.hop === 'app')
    t.match(peers, [{ peer: /^127\.0\.30\.1:/ }, { peer: /^127\.0\.31\.1:/ }, { peer: /^127\.0\.0\.1:/ }])
  })
})

t.test(
  'more connections than an origin lets one address have are reset, and there is room when one ends',
  async (t) => {
    await withRig(
      hops({ app: { kind: 'origin', connection_limit: { per_source: 1 } }, cdn: edge('app') }),
      async (lab) => {
        const port = portOf(lab, 'app')
        const held = (await dialed(port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await held.until('HTTP/1.1 200')
        t.equal(await ending(port), 'ECONNRESET')
        t.equal((await ask(lab, 'cdn')).status, 200, 'another address has its own limit')
        held.socket.destroy()
        await until(
          async () => (await ending(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')) === 'end',
        )
        const seen = lab.journal.filter((event) => event.event === 'connection').map(({ refused }) => refused)
        t.strictSame(seen.slice(0, 3), [undefined, 'reset', undefined])
        t.equal(seen.at(-1), undefined)
      },
    )
  },
)

/** How a connection ends for who dials: `end`, or an error's code; an RST may come before the dialler hears that it is connected. */
function ending(port: number, bytes = ''): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => socket.write(bytes))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
    socket.resume().on('close', () => resolve('end'))
  })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}

t.test('who failed, with a gateway in front of the edge and a proxy behind it, from real responses', async (t) => {
  const all = {
    app: { kind: 'origin' },
    broken: { kind: 'origin', response: { status: 502 } },
    inner: { kind: 'proxy', to: ['app'] },
    edge_inner: edge('inner'),
    edge_app: edge('app'),
    edge_broken: edge('broken'),
    gw_app: { kind: 'proxy', to: ['app'] },
    gw_edge: { kind: 'proxy', to: ['edge_app'] },
    gw_inner: { kind: 'proxy', to: ['edge_inner'] },
    gw_broken: { kind: 'proxy', to: ['edge_broken'] },
  }
  const fault = { id: 'rst', on: 'app', at: 'request_head', effect: 'reset' }
  await withRig(hops(all, fault), async (lab) => {
    const table: [entrance: string, layer: string, hop: string | undefined][] = [
      ['gw_app', 'gateway', 'gw_app'],
      ['gw_edge', 'edge', 'edge_app'],
      ['gw_inner', 'gateway', 'inner'],
      ['gw_broken', 'origin', undefined],
      ['edge_app', 'edge', 'edge_app'],
      ['edge_inner', 'gateway', 'inner'],
      ['edge_broken', 'origin', undefined],
      ['broken', 'unknown', undefined],
    ]
    for (const [entrance, layer, hop] of table) {
      const response = await ask(lab, entrance)
      t.equal(response.status, 502, `${entrance}: the status is the same`)
      const blame = whoFailed(response)
      t.strictSame([blame?.layer, blame?.hop], [layer, hop], `${entrance}: ${blame?.because}`)
    }
  })
})

t.test('who failed, with a forward gateway and its exits in front, from real responses', async (t) => {
  const exits = [{ network: '127.40.1.0/24', count: 1 }]
  const all = {
    app: { kind: 'origin' },
    dead: { kind: 'origin' },
    broken: { kind: 'origin', response: { status: 502 } },
    wall: { kind: 'waf', to: 'app' },
    edge_dead: edge('dead'),
    edge_broken: edge('broken'),
    inner: { kind: 'proxy', to: ['dead'] },
    edge_inner: edge('inner'),
    gw: { kind: 'gateway', to: ['app', 'wall', 'edge_dead', 'edge_broken', 'edge_inner', 'broken'], exits },
    closed: { kind: 'gateway', to: ['app'], users: [{ name: 'alice', password: 'secret' }] },
  }
  const down = { id: 'down', on: 'dead', at: 'connect', effect: 'refuse' }
  const blocked = { id: 'blocked', on: 'wall', at: 'accept', effect: 'reset', match: { source: '127.40.1.*' } }
  await withRig(hops(all, down, blocked), async (lab) => {
    const table: [gateway: string, to: string, status: number, layer: string | undefined, hop: string | undefined][] = [
      ['gw', 'app', 200, undefined, undefined],
      ['gw', 'wall', 502, 'gateway', 'gw'],
      ['gw', 'edge_dead', 502, 'edge', 'edge_dead'],
      ['gw', 'edge_inner', 502, 'gateway', 'inner'],
      ['gw', 'edge_broken', 502, 'origin', undefined],
      ['gw', 'broken', 502, 'origin', undefined],
      ['gw', 'elsewhere', 502, 'gateway', 'gw'],
      ['closed', 'app', 407, 'gateway', 'closed'],
    ]
    for (const [gateway, to, status, layer, hop] of table) {
      const asked = `GET http://${to}.test/ HTTP/1.1\r\nHost: ${to}.test\r\nConnection: close\r\n\r\n`
      const { received } = await exchange(portOf(lab, gateway), asked)
      const head = headOf(received)
      t.equal(head.status, status, `${gateway} to ${to}`)
      const blame = whoFailed(head)
      t.strictSame([blame?.layer, blame?.hop], [layer, hop], `${gateway} to ${to}: ${blame?.because}`)
      t.ok(
        head.headers.some(([name]) => name === 'Via'),
        'the gateway says that it was there',
      )
    }
  })
})

/** As a client has it. */
function headOf(received: string): { status: number; headers: [string, string][] } {
  const [line, ...fields] = received.slice(0, received.indexOf('\r\n\r\n')).split('\r\n')
  return {
    status: Number(line!.split(' ')[1]),
    headers: fields.map((field) => field.split(': ', 2) as [string, string]),
  }
}
