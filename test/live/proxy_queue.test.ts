/** The mini proxy's limit of requests at a server, and the queue for those above it, as an origin sees them. */
import t from 'tap'
import { dialed, exchange, good, type Peer, type ProxyUnderTest, proxyTo, statusOf, until } from './peers.js'
import { type Taken, type TakingOrigin, takingOrigin } from './taking.js'

type Options = Parameters<typeof proxyTo>[1]

async function withOrigins(
  count: number,
  input: Options,
  use: (proxy: ProxyUnderTest, origins: TakingOrigin[]) => Promise<void>,
): Promise<void> {
  const origins = await Promise.all(Array.from({ length: count }, () => takingOrigin()))
  const proxy = await proxyTo(
    origins.map(({ port }) => port),
    input,
  )
  try {
    await use(proxy, origins)
  } finally {
    await proxy.close()
    for (const origin of origins) await origin.close()
  }
}

const limited = (more: object = {}, servers = 1): Options => ({
  to: Array.from({ length: servers }, (_, index) => ({ hop: `app${index + 1}`, max_conns: 1 })),
  ...more,
})

/** Sent, and read by the proxy: an answer that it gives by itself comes behind it in the same loop. */
async function sent({ port }: ProxyUnderTest, path: string): Promise<Peer> {
  const peer = (await dialed(port)).send(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${path}\r\nConnection: close\r\n\r\n`,
  )
  await exchange(port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')
  return peer
}
const forwarded = (proxy: ProxyUnderTest, path: string) => proxy.forwards().find(({ request }) => request === path)

t.test('who is above the limit waits, and is served in the order of arrival', async (t) => {
  await withOrigins(1, limited({ queue: { size: 9 } }), async (proxy, [origin]) => {
    const paths = ['/0', '/1', '/2', '/3', '/4']
    const peers: Peer[] = []
    for (const path of paths) peers.push(await sent(proxy, path))
    t.equal(origin!.asked.length, 1)
    for (const [index, path] of paths.entries()) {
      const taken = await origin!.request(index + 1)
      t.equal(taken.path, path)
      t.equal(origin!.asked.length, index + 1, 'the next one still waits')
      taken.answer()
      await peers[index]!.ended()
      t.equal(statusOf(peers[index]!.received), 200)
    }
    t.equal(origin!.mostAtOnce(), 1)
    t.equal(forwarded(proxy, '/0')!.tries[0]!.queued_ms, undefined)
    const waits = paths.slice(1).map((path) => forwarded(proxy, path)!.tries[0]!.queued_ms!)
    t.ok(
      waits.every((wait) => wait > 0),
      `waited ${waits} ms`,
    )
  })
})

t.test('a full queue is its own failure, at once', async (t) => {
  await withOrigins(1, limited({ queue: { size: 1 } }), async (proxy, [origin]) => {
    const first = await sent(proxy, '/first')
    const second = await sent(proxy, '/second')
    const third = await sent(proxy, '/third')
    await third.ended()
    t.equal(statusOf(third.received), 503)
    t.match(third.received, /Proxy-Status: lb;error=connection_limit_reached/i)
    t.match(forwarded(proxy, '/third'), {
      tries: [],
      failure: { type: 'connection_limit_reached', stage: 'select', details: 'the queue is full' },
    })
    origin!.asked[0]!.answer()
    const next = await origin!.request(2)
    t.equal(next.path, '/second', 'who was in it is not touched by that')
    next.answer()
    await Promise.all([first.ended(), second.ended()])
    t.equal(origin!.asked.length, 2)
  })
})

t.test('who has waited too long is told so, and is in nobody’s way', async (t) => {
  await withOrigins(1, limited({ queue: { size: 5, timeout: '40ms' } }), async (proxy, [origin]) => {
    const first = await sent(proxy, '/first')
    const before = performance.now()
    const late = await sent(proxy, '/late')
    await late.ended()
    t.ok(performance.now() - before >= 39)
    t.equal(statusOf(late.received), 504)
    t.match(late.received, /Proxy-Status: lb;error=connection_timeout/i)
    t.match(forwarded(proxy, '/late'), { tries: [], failure: { type: 'connection_timeout', stage: 'select' } })
    origin!.asked[0]!.answer()
    await first.ended()
    const next = good(proxy.port, '/next')
    const taken = await origin!.request(2)
    t.equal(taken.path, '/next')
    taken.answer()
    t.equal(statusOf(await next), 200)
  })
})

t.test('a client that leaves gives up its place', async (t) => {
  await withOrigins(1, limited({ queue: { size: 2 } }), async (proxy, [origin]) => {
    const first = await sent(proxy, '/first')
    const gone = await sent(proxy, '/gone')
    const second = await sent(proxy, '/second')
    gone.socket.destroy()
    await until(() => forwarded(proxy, '/gone') !== undefined)
    t.strictSame(forwarded(proxy, '/gone')!.tries, [])
    const third = await sent(proxy, '/third')
    for (const ordinal of [1, 2, 3]) (await origin!.request(ordinal)).answer()
    await Promise.all([first, second, third].map((peer) => peer.ended()))
    t.strictSame(
      origin!.asked.map(({ path }) => path),
      ['/first', '/second', '/third'],
    )
    t.equal(statusOf(third.received), 200, 'its place was free')
  })
})

t.test('a try that fails makes room, too', async (t) => {
  await withOrigins(1, limited({ queue: { size: 2 } }), async (proxy, [origin]) => {
    const broken = await sent(proxy, '/broken')
    const next = await sent(proxy, '/next')
    ;(await origin!.request(1)).reset()
    await broken.ended()
    t.equal(statusOf(broken.received), 502)
    ;(await origin!.request(2)).answer()
    await next.ended()
    t.equal(statusOf(next.received), 200)
    const left = await sent(proxy, '/left')
    const behind = await sent(proxy, '/behind')
    await origin!.request(3)
    left.socket.destroy()
    ;(await origin!.request(4)).answer()
    await behind.ended()
    t.equal(statusOf(behind.received), 200, 'a client that leaves makes room at its server')
  })
})

t.test('who has failed elsewhere does not hold up who can be served', async (t) => {
  await withOrigins(2, limited({ queue: { size: 5 } }, 2), async (proxy, [one, two]) => {
    const picky = await sent(proxy, '/picky')
    const other = await sent(proxy, '/other')
    ;(await one!.request(1)).reset()
    await until(() => proxy.journal.some((event) => event.event === 'log'))
    const next = await sent(proxy, '/next')
    const taken = await one!.request(2)
    t.equal(taken.path, '/next', 'the server is free, though somebody waits for the other one')
    taken.answer()
    await next.ended()
    ;(await two!.request(1)).answer()
    ;(await two!.request(2)).answer()
    await Promise.all([picky, other].map((peer) => peer.ended()))
    t.equal(statusOf(picky.received), 200)
    t.strictSame(
      forwarded(proxy, '/picky')!.tries.map(({ server }) => server),
      ['app1', 'app2'],
    )
  })
})

t.test('without a queue: 503 above the limit', async (t) => {
  await withOrigins(2, limited({}, 2), async (proxy, origins) => {
    const peers = [await sent(proxy, '/0'), await sent(proxy, '/1')]
    const above = await sent(proxy, '/2')
    await above.ended()
    t.equal(statusOf(above.received), 503)
    t.match(forwarded(proxy, '/2'), { tries: [], failure: { type: 'connection_limit_reached', stage: 'select' } })
    for (const origin of origins) (await origin.request(1)).answer()
    await Promise.all(peers.map((peer) => peer.ended()))
  })
})

t.test('max_conns is never exceeded at the origin, and no request is lost', async (t) => {
  const limits = [1, 2, 3]
  const later = ({ path, answer }: Taken) => setTimeout(answer, Number(path.slice(1)) % 7)
  // Nobody answers before as many are asked as may be: the limits are reached, however slow this machine is.
  let held: Taken[] | undefined = []
  const serve = (taken: Taken) => {
    if (!held) return later(taken)
    if (held.push(taken) < 1 + 2 + 3) return
    for (const one of held) later(one)
    held = undefined
  }
  const origins = await Promise.all(limits.map(() => takingOrigin(serve)))
  const proxy = await proxyTo(
    origins.map(({ port }) => port),
    { to: limits.map((max_conns, index) => ({ hop: `app${index + 1}`, max_conns })), queue: { size: 200 } },
  )
  try {
    const all = await Promise.all(Array.from({ length: 150 }, (_, n) => good(proxy.port, `/${n}`)))
    t.ok(all.every((received) => statusOf(received) === 200))
    const asked = origins.flatMap((origin) => origin.asked.map(({ path }) => path))
    t.equal(asked.length, 150)
    t.equal(new Set(asked).size, 150, 'each once')
    for (const [index, origin] of origins.entries()) t.equal(origin.mostAtOnce(), limits[index])
  } finally {
    await proxy.close()
    for (const origin of origins) await origin.close()
  }
})
