/**
 * A firewall's rules on the wire, seen from the peer's own socket: each action where TLS passes through, where the
 * firewall ends it, and where plain HTTP is read; and that all else passes as it came.
 */
import { once } from 'node:events'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import t from 'tap'
import type { JournalEvent } from '../../../src/journal/events.js'
import { profileOptions } from '../../../src/live/profiles.js'
import type { Rig, RigInput } from '../../../src/rig.js'
import { runScenario } from '../../../src/run.js'
import { checkScenario } from '../../../src/scenario/parse.js'
import { captureHello } from '../hellos.js'
import { dialed, Peer, portOf, until, withRig } from '../peers.js'

const KB = 1024
const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\nX-Request-Id: mine\r\n\r\n'
const BLOCKED = GET.replace('GET / ', 'GET /blocked ')

type Tls = 'plain' | 'through' | 'ended'

const guarded = (tls: Tls, rules: object[], more: object = {}, faults: object[] = []): RigInput =>
  ({
    hops: {
      app: { kind: 'origin', tls: tls !== 'plain' },
      wall: { kind: 'waf', to: 'app', tls: tls === 'ended', rules, ...more },
    },
    faults,
  }) as unknown as RigInput

const hitsOf = (lab: Rig, rule = 'r'): number => lab.facts.wafs.get('wall')?.hits.get(rule) ?? 0
const reached = (lab: Rig): number => lab.facts.connections.get('app') ?? 0

/** A TLS client of the firewall that keeps its side open. */
async function secured(lab: Rig, options: ConnectionOptions = {}): Promise<Peer> {
  const base = { port: portOf(lab, 'wall'), host: '127.0.0.1', ca: lab.ca, servername: 'app', allowHalfOpen: true }
  const socket = connectTls({ ...base, ...options } as ConnectionOptions)
  await once(socket, 'secureConnect')
  return new Peer(socket)
}

const open = (lab: Rig, tls: Tls): Promise<Peer> => (tls === 'plain' ? dialed(portOf(lab, 'wall')) : secured(lab))

const blocked = (action: unknown): object[] => [{ id: 'r', when: { path: '/blocked' }, action }]

for (const tls of ['plain', 'ended'] as const) {
  t.test(`${tls}: a request that no rule names is answered by the origin, the next one stopped`, async (t) => {
    const endings = { reset: 'RST', close: 'FIN', garbage: 'FIN', respond: 'FIN', challenge: 'FIN' } as const
    for (const [action, ending] of Object.entries(endings)) {
      await withRig(guarded(tls, blocked(action)), async (lab) => {
        const peer = (await open(lab, tls)).send(GET)
        await peer.until('\r\n\r\nok\n')
        const answered = peer.received.length
        peer.send(BLOCKED)
        t.equal(await peer.ended(), ending, action)
        const own = peer.received.slice(answered)
        if (action === 'reset' || action === 'close') t.equal(own, '', action)
        if (action === 'garbage') t.equal(own, '\x15\x03\x01 Blocked by policy\r\n')
        if (action === 'respond')
          t.match(own, /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*Connection: close\r\n\r\n403 Forbidden\n$/)
        if (action === 'challenge')
          t.match(own, /^HTTP\/1\.1 403 [\s\S]*Set-Cookie: cleared=1\r\n[\s\S]*Checking your browser/)
        t.equal(hitsOf(lab), 1)
        t.equal(reached(lab), 1)
        t.equal(lab.facts.origins.get('app')?.requests, 1)
        peer.socket.destroy()
      })
    }
  })

  t.test(`${tls}: who is stopped at the first request never reaches the origin`, async (t) => {
    const limited = { type: 'respond', status: 429, retry_after: '1500ms' }
    await withRig(guarded(tls, blocked(limited)), async (lab) => {
      const peer = (await open(lab, tls)).send(BLOCKED)
      t.equal(await peer.ended(), 'FIN')
      t.match(peer.received, /^HTTP\/1\.1 429 Too Many Requests\r\n[\s\S]*Retry-After: 2\r\n/)
      t.equal(reached(lab), 0)
      peer.socket.destroy()
    })
  })

  t.test(`${tls}: drop takes what comes and says nothing; tarpit answers late`, async (t) => {
    const rules = [
      ...blocked('drop'),
      { id: 'slow', when: { path: '/slow' }, action: { type: 'tarpit', for: '300ms' } },
    ]
    await withRig(guarded(tls, rules), async (lab) => {
      const silent = (await open(lab, tls)).send(BLOCKED)
      await until(() => hitsOf(lab) === 1)
      const started = performance.now()
      const slow = (await open(lab, tls)).send(GET.replace(' / ', ' /slow '))
      t.equal(await slow.ended(), 'FIN')
      t.match(slow.received, /^HTTP\/1\.1 500 /)
      t.ok(performance.now() - started >= 300)
      t.equal(silent.received, '')
      t.equal(silent.socket.readableEnded || silent.socket.destroyed, false)
      t.equal(reached(lab), 0)
      silent.socket.destroy()
      slow.socket.destroy()
    })
  })

  t.test(`${tls}: an answer of its own comes behind those that are due`, async (t) => {
    const delay = { id: 'late', on: 'app', at: 'request_head', effect: { type: 'delay', by: '200ms' } }
    await withRig(guarded(tls, blocked('respond'), {}, [delay]), async (lab) => {
      const peer = (await open(lab, tls)).send(GET + BLOCKED)
      t.equal(await peer.ended(), 'FIN')
      t.match(peer.received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*ok\nHTTP\/1\.1 403 /)
      peer.socket.destroy()
    })
  })

  t.test(`${tls}: the origin’s endings are the peer’s`, async (t) => {
    for (const [effect, ending] of [
      ['reset', 'RST'],
      ['close', 'FIN'],
    ] as const) {
      const fault = { id: 'f', on: 'app', at: 'request_head', effect }
      await withRig(guarded(tls, blocked('respond'), {}, [fault]), async (lab) => {
        const peer = (await open(lab, tls)).send(GET)
        t.equal(await peer.ended(), ending, effect)
        peer.socket.destroy()
      })
    }
  })
}

t.test('through: an RST comes after the ClientHello and before any handshake', async (t) => {
  const rules = [{ id: 'r', when: { profile: 'python_like' }, action: 'reset' }]
  await withRig(guarded('through', rules), async (lab) => {
    const peer = (await dialed(portOf(lab, 'wall'))).send(
      (await captureHello({ ...profileOptions('python_like'), servername: 'app.test' })).toString('latin1'),
    )
    t.equal(await peer.ended(), 'RST')
    t.equal(peer.received, '')
    t.equal(hitsOf(lab), 1)
    t.equal(reached(lab), 0)
    const other = (await secured(lab, profileOptions('curl_like'))).send(GET)
    t.match(await other.until('ok\n'), /^HTTP\/1\.1 200/, 'another profile passes')
    other.socket.destroy()
    peer.socket.destroy()
  })
})

t.test('through and ended: what acts on the ClientHello is on the raw connection', async (t) => {
  const ways = {
    close: ['FIN', ''],
    alert: ['FIN', '15030300020228'],
    garbage: ['FIN', Buffer.from('\x15\x03\x01 Blocked by policy\r\n', 'latin1').toString('hex')],
    tarpit: ['FIN', ''],
  } as const
  for (const tls of ['through', 'ended'] as const) {
    for (const [action, [ending, hex]] of Object.entries(ways)) {
      const rules = [
        { id: 'r', when: { ja4: '*' }, action: action === 'tarpit' ? { type: action, for: '50ms' } : action },
      ]
      await withRig(guarded(tls, rules), async (lab) => {
        const peer = (await dialed(portOf(lab, 'wall'))).send((await captureHello()).toString('latin1'))
        t.equal(await peer.ended(), ending, `${tls} ${action}`)
        t.equal(Buffer.from(peer.received, 'latin1').toString('hex'), hex, `${tls} ${action}`)
        t.equal(reached(lab), 0)
        peer.socket.destroy()
      })
    }
  }
})

t.test('ended: its certificate is for the hop behind it, whose scheme it speaks there', async (t) => {
  for (const behind of [true, false]) {
    const input = guarded('ended', blocked('respond'))
    Object.assign((input as { hops: { app: object } }).hops.app, { tls: behind })
    await withRig(input, async (lab) => {
      const peer = await secured(lab)
      t.equal((peer.socket as unknown as { authorized: boolean }).authorized, true)
      peer.send(GET)
      t.match(await peer.until('ok\n'), /^HTTP\/1\.1 200/)
      peer.socket.destroy()
    })
  }
})

t.test('bans stop whoever goes on, until the whole network is out', async (t) => {
  const bans = { after: 2, within: '1m', for: '1m' }
  await withRig(guarded('plain', blocked('respond'), { bans }), async (lab) => {
    const ask = async (text: string): Promise<string> => {
      const peer = (await dialed(portOf(lab, 'wall'))).send(text)
      await Promise.race([peer.until('ok\n'), peer.ended()])
      const seen = peer.received.slice(9, 12) || (await peer.ended())
      peer.socket.destroy()
      return seen
    }
    t.same([await ask(BLOCKED), await ask(GET), await ask(BLOCKED)], ['403', '200', '403'])
    const more = []
    for (let i = 0; i < 5; i++) more.push(await ask(GET))
    t.same(more, ['RST', 'RST', 'RST', 'RST', 'RST'])
    const { bans: began, banned } = lab.facts.wafs.get('wall')!
    t.same(
      [...began],
      [
        ['fingerprint_on_address', 1],
        ['address', 1],
        ['subnet', 1],
      ],
    )
    await lab.reset()
    t.equal(await ask(GET), '200', 'a rig that is reset knows of no ban')
    t.same(
      [...banned],
      [
        ['fingerprint_on_address', 2],
        ['address', 2],
        ['subnet', 1],
      ],
    )
  })
})

t.test('requests, bodies and upgrades that pass arrive as they were sent', async (t) => {
  const events: JournalEvent[] = []
  const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), async close() {} })
  const rules = [{ id: 'r', when: { method: 'DELETE' }, action: 'reset' }]
  const scenario = checkScenario(
    {
      id: 'x',
      title: 'Bodies and upgrades',
      hops: {
        app: { kind: 'origin', tls: true, websocket: true },
        wall: { kind: 'waf', to: 'app', tls: true, rules },
        lb: { kind: 'proxy', to: ['wall'] },
      },
      clients: {
        sized: { to: 'lb', load: { requests: 3 }, request: { method: 'POST', size: '300KB' } },
        chunked: { to: 'wall', load: { requests: 3 }, request: { method: 'PUT', size: '70KB', framing: 'chunked' } },
        socket: {
          to: 'wall',
          load: { requests: 2 },
          request: { upgrade: 'websocket', body: 'DELETE / HTTP/1.1\r\n\r\n' },
        },
        head: { to: 'wall', load: { requests: 3 }, request: { method: 'HEAD' } },
      },
      expect: [
        { client: 'sized', status: 200, count: '= 3' },
        { client: 'chunked', status: 200, count: '= 3' },
        { client: 'socket', status: 101, count: '= 2' },
        { client: 'head', status: 200, count: '= 3' },
        { waf: 'wall', rule: 'r', hits: '= 0' },
      ],
    },
    { runnable: true },
  )
  const result = await runScenario({ file: 'x.yaml', scenario }, { openJournal })
  t.equal(result.verdict, 'pass', JSON.stringify([result.reason, result.checks]))
  const read = events.filter((event) => event.event === 'served')
  const bytes = (method: string) => read.filter((one) => one.method === method).map((one) => one.request_bytes)
  t.same(bytes('POST'), Array(3).fill(300 * KB))
  t.same(bytes('PUT'), Array(3).fill(70 * KB))
})
