/** Connections that the mini proxy keeps to a server: how many, how long, and what happens when one is lost in use. */
import t from 'tap'
import { exchange, type Peer, type ProxyUnderTest, proxyTo, statusOf, until } from './peers.js'
import { type Taken, type TakingOrigin, takingOrigin } from './taking.js'

type Options = Parameters<typeof proxyTo>[1]

async function withOrigin(
  input: Options,
  serve: ((taken: Taken) => void) | undefined,
  use: (proxy: ProxyUnderTest, origin: TakingOrigin) => Promise<void>,
): Promise<void> {
  const origin = await takingOrigin(serve)
  const proxy = await proxyTo([origin.port], input)
  try {
    await use(proxy, origin)
  } finally {
    await proxy.close()
    await origin.close()
  }
}

const answerAll = (taken: Taken) => taken.answer()
const ask = (port: number, method = 'GET', body = ''): Promise<Peer> => {
  const length = method === 'GET' ? '' : `Content-Length: ${body.length}\r\n`
  return exchange(port, `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${length}\r\n${body}`)
}
const connectionsOf = ({ asked }: TakingOrigin) => asked.map(({ connection }) => connection)

t.test('a connection serves so many requests, and is then closed', async (t) => {
  await withOrigin({ keepalive: { requests: 2 } }, answerAll, async ({ port }, origin) => {
    for (let n = 0; n < 5; n++) await ask(port)
    t.strictSame(connectionsOf(origin), [1, 1, 2, 2, 3])
    for (const { peer } of [origin.asked[0]!, origin.asked[2]!]) t.equal(await peer.ended(), 'FIN')
  })
})

t.test('so many idle ones are kept, and the one that was idle for longest makes room', async (t) => {
  await withOrigin({ keepalive: { connections: 2 } }, undefined, async ({ port }, origin) => {
    const peers: Promise<Peer>[] = []
    for (let n = 1; n <= 3; n++) {
      peers.push(ask(port))
      await origin.request(n)
    }
    for (const [index, taken] of origin.asked.slice(0, 3).entries()) {
      taken.answer()
      await peers[index]
    }
    t.equal(await origin.asked[0]!.peer.ended(), 'FIN')
    const more = ask(port)
    const fourth = await origin.request(4)
    t.equal(fourth.connection, 3, 'the one that was used last is used again')
    const other = ask(port)
    const fifth = await origin.request(5)
    t.equal(fifth.connection, 2)
    fourth.answer()
    fifth.answer()
    await Promise.all([more, other])
    t.equal(origin.connections.length, 3)
  })
})

t.test('one that is idle for too long is closed', async (t) => {
  await withOrigin({ keepalive: { idle: '50ms' } }, undefined, async ({ port }, origin) => {
    const asking = ask(port)
    const first = await origin.request(1)
    const answered = performance.now()
    first.answer()
    await asking
    t.equal(await first.peer.ended(), 'FIN')
    t.ok(performance.now() - answered >= 49)
    const more = ask(port)
    ;(await origin.request(2)).answer()
    await more
    t.strictSame(connectionsOf(origin), [1, 2])
  })
})

t.test('none are kept where none are wanted', async (t) => {
  await withOrigin({ keepalive: { connections: 0 } }, answerAll, async (proxy, origin) => {
    for (let n = 0; n < 3; n++) await ask(proxy.port)
    t.strictSame(connectionsOf(origin), [1, 2, 3])
    for (const { peer } of origin.asked) t.equal(await peer.ended(), 'FIN')
    t.ok(proxy.forwards().every(({ tries }) => tries[0]!.reused === false))
  })
})

/** The second request of a connection is lost: the server closes it at that very moment. */
const losing = (how: 'reset' | 'close') => (taken: Taken) => {
  const second = taken.peer.received.split('\r\n\r\n').length > 2
  if (second) taken[how]()
  else taken.answer()
}

t.test('the free try: what is lost on a kept connection is asked once more, and the journal counts it', async (t) => {
  for (const how of ['reset', 'close'] as const) {
    await withOrigin({ tries: 1 }, losing(how), async (proxy, origin) => {
      await ask(proxy.port)
      const { received } = await ask(proxy.port)
      t.equal(statusOf(received), 200, how)
      t.strictSame(connectionsOf(origin), [1, 1, 2])
      const [lost, again, ...more] = proxy.forwards()[1]!.tries
      t.match(lost, { reused: true, status: undefined, failure: { manner: how === 'reset' ? 'reset' : 'closed' } })
      t.match(again, { reused: false, status: 200, failure: undefined })
      t.equal(more.length, 0)
    })
  }
})

t.test('the free try goes on with the next server, where there is one', async (t) => {
  const origins = [await takingOrigin(losing('reset')), await takingOrigin(answerAll)]
  const proxy = await proxyTo(
    origins.map(({ port }) => port),
    { tries: 1 },
  )
  try {
    for (let n = 0; n < 2; n++) await ask(proxy.port)
    t.equal(statusOf((await ask(proxy.port)).received), 200)
    t.strictSame(
      proxy.forwards()[2]!.tries.map(({ server }) => server),
      ['app1', 'app2'],
    )
  } finally {
    await proxy.close()
    for (const origin of origins) await origin.close()
  }
})

t.test('no free try for what may not be done twice', async (t) => {
  const table: [what: string, method: string, body: string, options: Options][] = [
    ['a POST', 'POST', '', {}],
    ['a PUT whose body has gone', 'PUT', 'abc', {}],
    ['anything, when errors move nothing on', 'GET', '', { next_upstream: 'off' }],
  ]
  for (const [what, method, body, options] of table) {
    await withOrigin(options, losing('reset'), async (proxy, origin) => {
      await ask(proxy.port)
      t.equal(statusOf((await ask(proxy.port, method, body)).received), 502, what)
      t.strictSame(connectionsOf(origin), [1, 1], what)
      t.equal(proxy.forwards()[1]!.tries.length, 1)
    })
  }
})

t.test('a server that closes an idle connection costs nobody a try', async (t) => {
  await withOrigin({}, answerAll, async (proxy, origin) => {
    await ask(proxy.port)
    const { peer } = origin.asked[0]!
    peer.socket.end()
    await until(() => peer.socket.destroyed)
    t.equal(statusOf((await ask(proxy.port, 'POST')).received), 200)
    t.strictSame(connectionsOf(origin), [1, 2])
    t.equal(proxy.forwards()[1]!.tries.length, 1)
  })
})
