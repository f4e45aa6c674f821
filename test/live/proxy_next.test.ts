/** Moving on to the next server, and what becomes of the one before: statuses, bodies, time limits, penalties. */
import t from 'tap'
import { exchange, good, type ProxyUnderTest, proxyTo, statusOf, until } from './peers.js'
import { type Taken, type TakingOrigin, takingOrigin } from './taking.js'

type Serve = (taken: Taken) => void

async function withOrigins(
  serves: Serve[],
  input: Parameters<typeof proxyTo>[1],
  use: (proxy: ProxyUnderTest, origins: TakingOrigin[]) => Promise<void>,
): Promise<void> {
  const origins = await Promise.all(serves.map((serve) => takingOrigin(serve)))
  const proxy = await proxyTo(
    origins.map(({ port }) => port),
    { keepalive: { connections: 0 }, ...input },
  )
  try {
    await use(proxy, origins)
  } finally {
    await proxy.close()
    for (const origin of origins) await origin.close()
  }
}

const busy: Serve = (taken) => taken.answer(503, 'I am busy')
const fine: Serve = (taken) => taken.answer(200, `${taken.method} ${taken.body}`)
const silent: Serve = () => {}
const request = (method: string, body?: string) => {
  const framing = body === undefined ? '' : `Content-Length: ${body.length}\r\n`
  return `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${framing}\r\n${body ?? ''}`
}

t.test('http_503: the next server is asked, and nothing of the first response is passed on', async (t) => {
  await withOrigins([busy, fine], { next_upstream: ['http_503'] }, async (proxy, [one]) => {
    const { received } = await exchange(proxy.port, request('GET'))
    t.equal(statusOf(received), 200)
    t.notMatch(received, 'busy')
    const { tries } = proxy.forwards()[0]!
    t.strictSame(
      tries.map(({ server, status, failure }) => [server, status, failure]),
      [
        ['app1', 503, undefined],
        ['app2', 200, undefined],
      ],
    )
    await one!.asked[0]!.peer.ended()
  })
})

t.test('http_503 of the last server is passed on as it is', async (t) => {
  await withOrigins([busy, busy], { next_upstream: ['http_503'] }, async (proxy) => {
    const { received } = await exchange(proxy.port, request('GET'))
    t.equal(statusOf(received), 503)
    t.match(received, 'I am busy')
    t.equal(proxy.forwards()[0]!.tries.length, 2)
  })
})

t.test('a long response is given up as soon as its head is known', async (t) => {
  const endless: Serve = ({ peer }) => void peer.send('HTTP/1.1 503 So\r\nContent-Length: 100000000\r\n\r\nabc')
  await withOrigins([endless, fine], { next_upstream: ['http_503'] }, async (proxy, [one]) => {
    t.equal(statusOf((await exchange(proxy.port, request('GET'))).received), 200)
    await one!.asked[0]!.peer.ended()
  })
})

t.test('what may be sent again: no body that has gone, no POST, unless that is allowed', async (t) => {
  const table: [method: string, body: string | undefined, extra: 'non_idempotent'[], asked: number][] = [
    ['PUT', undefined, [], 2],
    ['PUT', '', [], 2],
    ['PUT', 'abc', [], 1],
    ['POST', undefined, [], 1],
    ['POST', undefined, ['non_idempotent'], 2],
    ['POST', 'abc', ['non_idempotent'], 1],
  ]
  for (const [method, body, extra, asked] of table) {
    await withOrigins([busy, fine], { next_upstream: ['http_503', ...extra] }, async (proxy) => {
      const { received } = await exchange(proxy.port, request(method, body))
      const what = `${method} with ${body ?? 'no body'} ${extra}`
      t.equal(statusOf(received), asked === 2 ? 200 : 503, what)
      t.equal(proxy.forwards()[0]!.tries.length, asked, what)
    })
  }
})

t.test('a body of which nothing was read is sent to the next server whole', async (t) => {
  const dead = await takingOrigin()
  await dead.close()
  const origin = await takingOrigin(fine)
  const proxy = await proxyTo([dead.port, origin.port])
  try {
    const { received } = await exchange(proxy.port, request('POST', 'abcdef'))
    t.match(received, /POST abcdef$/)
    t.equal(proxy.forwards()[0]!.tries.length, 2)
  } finally {
    await proxy.close()
    await origin.close()
  }
})

t.test('after next_upstream_timeout no other server is asked', async (t) => {
  const timeouts = { read: '60ms' }
  await withOrigins([silent, fine], { timeouts, next_upstream_timeout: '50ms' }, async (proxy, [, two]) => {
    t.equal(statusOf(await good(proxy.port)), 504)
    t.equal(two!.asked.length, 0)
    t.equal(proxy.forwards()[0]!.tries.length, 1)
  })
  await withOrigins([silent, fine], { timeouts, next_upstream_timeout: '1h' }, async (proxy) => {
    t.equal(statusOf(await good(proxy.port)), 200)
    t.equal(proxy.forwards()[0]!.tries.length, 2)
  })
})

t.test('a server that fails is excluded, said in nginx’s words, and asked again once when that is over', async (t) => {
  let well = false
  const ailing: Serve = (taken) => (well ? taken.answer() : taken.reset())
  const to = [{ hop: 'app1', max_fails: 2, fail_timeout: '40ms' }, 'app2'] as const
  await withOrigins([ailing, fine], { to: [...to] }, async (proxy, [one]) => {
    const turns = () => proxy.journal.filter((event) => event.event === 'server')
    const disabled = () =>
      proxy.journal
        .filter((event) => event.event === 'log')
        .filter(({ line }) => line.includes('upstream server temporarily disabled'))
    while (turns().length === 0) t.equal(statusOf(await good(proxy.port)), 200, 'the other one answers')
    t.equal(one!.asked.length, 2)
    t.match(turns(), [{ server: 'app1', state: 'excluded' }])
    t.match(disabled(), [
      { level: 'warn', line: /^upstream server temporarily disabled while .*, client: 127\.0\.0\.1/ },
    ])
    while (turns().length === 1) await good(proxy.port)
    const [first, second] = turns()
    t.match(second, { server: 'app1', state: 'excluded' }, 'the one that finds out fails, and the penalty begins anew')
    t.ok(second!.t - first!.t >= 39)
    t.equal(one!.asked.length, 3)
    well = true
    while (turns().length === 2) await good(proxy.port)
    t.match(turns()[2], { server: 'app1', state: 'recovered' })
    t.ok(turns()[2]!.t - second!.t >= 39)
    t.equal(one!.asked.length, 4, 'one request found out')
    for (let n = 0; n < 4; n++) await good(proxy.port)
    t.equal(one!.asked.length, 6, 'and then it has its turn again')
    t.equal(disabled().length, 2)
  })
})

t.test('all excluded: nobody is asked', async (t) => {
  const reset: Serve = (taken) => taken.reset()
  const to = ['app1', 'app2'].map((hop) => ({ hop, max_fails: 1, fail_timeout: '1h' }))
  await withOrigins([reset, reset], { to }, async (proxy, origins) => {
    t.equal(statusOf(await good(proxy.port)), 502)
    t.equal(statusOf(await good(proxy.port)), 503)
    t.strictSame(
      origins.map(({ asked }) => asked.length),
      [1, 1],
    )
    t.match(proxy.forwards()[1], { tries: [], failure: { type: 'destination_unavailable', stage: 'select' } })
  })
})

t.test('the only server is never excluded', async (t) => {
  const to = [{ hop: 'app1', max_fails: 1, fail_timeout: '1h' }]
  await withOrigins([(taken) => taken.reset()], { to }, async (proxy, [one]) => {
    for (let n = 0; n < 3; n++) t.equal(statusOf(await good(proxy.port)), 502)
    t.equal(one!.asked.length, 3)
    t.notOk(proxy.journal.some((event) => event.event === 'server'))
    await until(() => one!.asked.every(({ peer }) => peer.socket.destroyed))
  })
})
