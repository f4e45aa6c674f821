/** The exits of a gateway on real sockets: who dials from where, what an exit costs, how it fails, and what is over a limit. */
import t from 'tap'
import { exitsSchema, listExits } from '../../src/core/gateway/exits.js'
import { CannotRunError } from '../../src/lib/errors.js'
import { mustBeBindable } from '../../src/live/gateway/exit_doors.js'
import type { Rig, RigInput } from '../../src/rig.js'
import { dialed, exchange, forwardsIn, type Peer, portOf, statusOf, until, withRig } from './peers.js'

const behind = (gw: object = {}, faults: object[] = [], shop: object = {}): RigInput =>
  ({
    hops: { shop: { kind: 'origin', ...shop }, gw: { kind: 'gateway', to: ['shop'], exits: three, ...gw } },
    faults,
  }) as RigInput

const three = [{ network: '127.11.1.0/24', count: 3 }]
const one = [{ network: '127.11.1.0/24', count: 1 }]
const [first, second, third] = ['127.11.1.1', '127.11.1.2', '127.11.1.3']

const basic = (text: string) => `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}\r\n`
const get = (fields = '', url = 'http://shop.test/') =>
  `GET ${url} HTTP/1.1\r\nHost: x\r\n${fields}Connection: close\r\n\r\n`
const CONNECT = 'CONNECT shop.test:80 HTTP/1.1\r\nHost: shop.test:80\r\n\r\n'
const exitOf = (received: string) => /^X-Exit-Node: (.*)$/m.exec(received)?.[1]?.trim()
const ask = async (lab: Rig, fields = '') => (await exchange(portOf(lab, 'gw'), get(fields))).received
/** A tunnel that stands. */
const tunnel = async (lab: Rig): Promise<Peer> => {
  const peer = (await dialed(portOf(lab, 'gw'))).send(CONNECT)
  await peer.until('\r\n\r\n')
  return peer
}
const addressOf = (peer: string) => peer.slice(0, peer.lastIndexOf(':'))
const sources = (lab: Rig) =>
  lab.journal.flatMap((event) => (event.event === 'connection' && event.hop === 'shop' ? [addressOf(event.peer)] : []))
const forwards = async (lab: Rig, count: number) => {
  await until(() => forwardsIn(lab.journal, 'gw').length >= count)
  return forwardsIn(lab.journal, 'gw')
}

t.test('each exit is the address that servers see, told on every response and on the 200 of a CONNECT', async (t) => {
  await withRig(behind(), async (lab) => {
    t.equal(exitOf(await ask(lab)), first)
    t.equal(exitOf(await ask(lab)), second)
    const peer = await tunnel(lab)
    t.equal(exitOf(peer.received), third)
    peer.send('GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n')
    await peer.ended()
    peer.socket.destroy()
    const served = lab.journal.flatMap((event) => (event.event === 'served' ? [addressOf(event.peer)] : []))
    t.same(served, [first, second, third])
    const told = (await forwards(lab, 3)).map(({ tries }) => [tries[0]!.exit, addressOf(tries[0]!.local!)])
    t.same(told, [
      [first, first],
      [second, second],
      [third, third],
    ])
  })
})

t.test('a relay and a firewall on the way: a link hides no exit', async (t) => {
  const input = behind({}, [{ id: 'late', on: 'gw->shop', at: 'wire', effect: { type: 'delay', by: '1ms' } }])
  await withRig(input, async (lab) => {
    const exit = exitOf(await ask(lab))
    t.same(sources(lab), [exit])
  })
})

t.test('a session keeps its exit; without one they take turns', async (t) => {
  await withRig(behind({ users: [{ name: 'alice', password: 'x' }] }), async (lab) => {
    const exits = (name: string) => async () => exitOf(await ask(lab, basic(`${name}:x`)))
    const [plain, abc, def] = [exits('alice'), exits('alice-session-abc'), exits('alice-session-def')]
    t.same(
      [await abc(), await def(), await abc(), await plain(), await abc(), await def()],
      [first, second, first, third, first, second],
    )
  })
})

t.test('an exit takes its time, and fails of itself', async (t) => {
  await withRig(behind({ exits: [{ ...three[0], latency: '30ms' }] }), async (lab) => {
    const started = performance.now()
    t.equal(statusOf(await ask(lab)), 200)
    t.ok(performance.now() - started >= 30)
    t.ok((await forwards(lab, 1))[0]!.tries[0]!.ms >= 30)
  })
  await withRig(behind({ exits: [{ ...three[0], failure_rate: '100%' }] }), async (lab) => {
    for (const bytes of [get(), CONNECT]) {
      const { received } = await exchange(portOf(lab, 'gw'), bytes)
      t.equal(statusOf(received), 502)
      t.match(received, /^X-Proxy-Error: exit_failed$/m)
      t.match(received, /error=proxy_internal_error/)
      t.ok(exitOf(received))
    }
    t.same(sources(lab), [])
    t.match(await forwards(lab, 2), [{ tries: [{ exit: first, failure: { manner: 'exit' } }] }])
  })
})

t.test('an exit whose address is reset: with a strategy that rotates a 200 comes, through another', async (t) => {
  const ban = { id: 'ban', on: 'shop', at: 'accept', effect: 'reset', match: { source: first } }
  await withRig(behind({}, [ban]), async (lab) => {
    const received = await ask(lab)
    t.equal(statusOf(received), 502, 'none: the failure is the answer')
    t.match(received, /^X-Proxy-Error: upstream_reset$/m)
    t.equal(exitOf(received), first)
  })
  await withRig(behind({ strategy: 'context_aware' }, [ban]), async (lab) => {
    const received = await ask(lab, 'X-Request-Id: r1\r\n')
    t.equal(statusOf(received), 200)
    t.equal(exitOf(received), second)
    const [forward] = await forwards(lab, 1)
    t.match(forward!.tries, [
      { exit: first, failure: { manner: 'reset' } },
      { exit: second, status: 200 },
    ])
    const told = (event: string) => lab.journal.filter((one) => one.event === event)
    t.match(told('quarantine'), [{ hop: 'gw', target: 'shop.test:80', exit: first, why: 'waf_stealth_block' }])
    t.match(told('decision'), [
      { request: 'r1', exit: first, heuristic: 'waf_stealth_block', status: 200, quarantined: true },
    ])
    t.match(
      lab.journal.find(({ event }) => event === 'log'),
      { line: /^event\.type=upstream_502 target\.host=shop\.test exit_node\.ip=127\.11\.1\.1/ },
    )
    t.equal(exitOf(await ask(lab)), third)
    t.equal(exitOf(await ask(lab)), second, 'the first is in quarantine')
  })
})

t.test('a body that was kept goes out again, one that is gone does not', async (t) => {
  const ban = { id: 'ban', on: 'shop', at: 'request_body', effect: 'reset', match: { source: first } }
  const put = (body: string) =>
    `PUT http://shop.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
  await withRig(behind({ strategy: 'rotate' }, [ban]), async (lab) => {
    t.equal(statusOf((await exchange(portOf(lab, 'gw'), put('12345'))).received), 502)
  })
  const atOnce = { ...ban, at: 'accept' }
  await withRig(behind({ strategy: 'rotate' }, [atOnce]), async (lab) => {
    const { received } = await exchange(portOf(lab, 'gw'), put(''))
    t.equal(statusOf(received), 200)
    t.equal(exitOf(received), second)
  })
})

t.test('a response that is tried again is not passed on, the last one is', async (t) => {
  const sick = { id: 'sick', on: 'shop', at: 'request_head', effect: { type: 'respond', status: 503, body: 'no' } }
  const some = { ...sick, match: { source: first } }
  await withRig(behind({ strategy: 'rotate' }, [some]), async (lab) => {
    const received = await ask(lab)
    t.equal(statusOf(received), 200)
    t.match((await forwards(lab, 1))[0]!.tries, [{ status: 503 }, { status: 200 }])
  })
  await withRig(behind({ strategy: { type: 'rotate', attempts: 2 } }, [sick]), async (lab) => {
    const received = await ask(lab)
    t.equal(statusOf(received), 503)
    t.ok(received.endsWith('no'))
    t.equal((await forwards(lab, 1))[0]!.tries.length, 2)
  })
})

t.test('a failed CONNECT is tried through another exit, one that stands is not', async (t) => {
  await withRig(behind({ exits: [{ ...three[0], failure_rate: '50%' }], strategy: 'rotate' }), async (lab) => {
    const peers = []
    for (let n = 0; n < 12; n++) peers.push(await tunnel(lab))
    t.ok(peers.every(({ received }) => statusOf(received) === 200))
    for (const { socket } of peers) socket.destroy()
    const tries = (await forwards(lab, 12)).map(({ tries }) => tries.length)
    t.ok(Math.max(...tries) > 1)
  })
})

t.test('more tunnels than the limits allow are refused with a reason, the others live on', async (t) => {
  const over: [object, string][] = [
    [{ limits: { total: 2 } }, 'the limit of requests and tunnels at once: 2'],
    [{ limits: { per_exit: 2 }, exits: one }, 'every exit carries as much as it may'],
    [{ exits: [{ ...one[0], capacity: 2 }] }, 'every exit carries as much as it may'],
  ]
  for (const [gw, details] of over) {
    await withRig(behind(gw), async (lab) => {
      const alive = [await tunnel(lab), await tunnel(lab)]
      for (const bytes of [CONNECT, get()]) {
        const { received } = await exchange(portOf(lab, 'gw'), bytes)
        t.equal(statusOf(received), 503, details)
        t.match(received, /^X-Proxy-Error: proxy_overloaded$/m)
        t.match(received, `error=connection_limit_reached;details="${details}"`)
      }
      for (const peer of alive) {
        await peer.send('GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n').until('200 OK', 2)
        t.match(peer.body, /^HTTP\/1\.1 200 OK/)
      }
      alive[0]!.socket.destroy()
      await forwards(lab, 3)
      t.equal(statusOf(await ask(lab)), 200, 'there is room again')
      alive[1]!.socket.destroy()
    })
  }
})

t.test('a queue: who waits gets in when another leaves, or hears that it took too long', async (t) => {
  for (const gw of [{ limits: { total: 1 } }, { limits: { per_exit: 1 }, exits: one }]) {
    await withRig(behind({ ...gw, queue: { size: 1, timeout: '20s' } }), async (lab) => {
      const holder = await tunnel(lab)
      const waiting = (await dialed(portOf(lab, 'gw'))).send(get())
      await until(() => lab.journal.filter((e) => e.event === 'connection' && e.hop === 'gw').length === 2)
      let refused = await ask(lab)
      // Whether it came before the one that waits, nobody can tell but by the answer.
      while (statusOf(refused) !== 503) refused = await ask(lab)
      t.match(refused, /details="the queue of the gateway is full"/)
      holder.socket.destroy()
      await waiting.ended()
      t.equal(statusOf(waiting.received), 200)
      const forward = (await forwards(lab, 3)).find(({ status, method }) => status === 200 && method === 'GET')
      t.ok(forward!.tries[0]!.queued_ms! > 0)
    })
    await withRig(behind({ ...gw, queue: { size: 1, timeout: '20ms' } }), async (lab) => {
      const holder = await tunnel(lab)
      for (const bytes of [get(), CONNECT]) {
        const { received } = await exchange(portOf(lab, 'gw'), bytes)
        t.equal(statusOf(received), 504)
        t.match(received, /^X-Proxy-Error: proxy_overloaded$/m)
        t.match(received, /error=connection_timeout;details="waited too long for room at the gateway"/)
      }
      holder.socket.destroy()
    })
  }
})

t.test('who leaves the queue takes nobody’s place', async (t) => {
  await withRig(behind({ limits: { total: 1 }, queue: { size: 5, timeout: '20s' } }), async (lab) => {
    const holder = await tunnel(lab)
    for (const bytes of [get(), CONNECT]) {
      const impatient = (await dialed(portOf(lab, 'gw'))).send(bytes)
      await until(() => lab.journal.filter((e) => e.event === 'connection' && e.hop === 'gw').length >= 2)
      impatient.socket.destroy()
    }
    t.match(await forwards(lab, 2), [
      { client_left: true, status: undefined, tries: [] },
      { client_left: true, status: undefined, tries: [] },
    ])
    holder.socket.destroy()
    t.equal(statusOf(await ask(lab)), 200)
    t.equal(sources(lab).length, 2)
  })
})

t.test('a tunnel in which nothing moves is closed', async (t) => {
  await withRig(behind({ timeouts: { tunnel_idle: '40ms' } }), async (lab) => {
    const peer = await tunnel(lab)
    t.equal(await peer.ended(), 'FIN')
    const [forward] = await forwards(lab, 1)
    t.match(forward, { status: 200, cut: true, failure: { type: 'connection_read_timeout', stage: 'tunnel' } })
    t.ok(forward!.ms >= 40)
  })
})

t.test(
  'an exit that dies: its tunnels are cut with an RST, those of others live on, and nobody gets it any more',
  async (t) => {
    const exits = [
      { network: '127.11.1.0/32', count: 1, dies: '1s' },
      { network: '127.11.2.0/24', count: 1 },
    ]
    const stall = { id: 'stall', on: 'shop', at: 'request_head', effect: 'stall', match: { path: '/stall' } }
    await withRig(behind({ exits }, [stall]), async (lab) => {
      const [dying, living] = [await tunnel(lab), await tunnel(lab)]
      t.same([exitOf(dying.received), exitOf(living.received)], ['127.11.1.0', '127.11.2.1'])
      const pending = (await dialed(portOf(lab, 'gw'))).send(get('', 'http://shop.test/stall'))
      t.equal(await dying.ended(), 'RST')
      await pending.ended()
      t.equal(statusOf(pending.received), 502)
      t.match(pending.received, /^X-Proxy-Error: exit_failed$/m)
      living.send('GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n')
      await living.until('200 OK', 2)
      t.match(living.body, /^HTTP\/1\.1 200 OK/)
      const all = await forwards(lab, 2)
      const failure = { manner: 'exit', stage: 'tunnel', details: 'the exit died' }
      t.match(
        all.find(({ method }) => method === 'CONNECT'),
        { status: 200, cut: true, failure, proxy_error: 'exit_failed' },
      )
      const later = [await ask(lab), await ask(lab)]
      t.same(later.map(statusOf).sort(), [200, 502])
      living.socket.destroy()
    })
  },
)

t.test('an address that this machine does not have is no exit: it can’t run, and says what to do', async (t) => {
  const [exit] = listExits(exitsSchema.parse(one))
  await mustBeBindable('gw', [exit!])
  const elsewhere = { ...exit!, address: '192.0.2.1' }
  await t.rejects(mustBeBindable('gw', [elsewhere]), {
    constructor: CannotRunError,
    what: 'Gateway "gw" can\'t use 192.0.2.1 as an exit on this machine (EADDRNOTAVAIL)',
    remedy: /badgateway doctor/,
  } as never)
})
