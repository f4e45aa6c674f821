/** Envoy's rules of forwarding on real sockets: retries and their pauses, time limits, breakers, ejection and panic. */
import t from 'tap'
import { backOff, retryPolicySchema } from '../../src/core/proxy/envoy/retry_policy.js'
import { chanceFrom } from '../../src/lib/random.js'
import { dialed, exchange, good, type ProxyUnderTest, proxyTo, statusOf, until } from './peers.js'
import { type Taken, type TakingOrigin, takingOrigin } from './taking.js'

type Serve = (taken: Taken) => void
type Input = NonNullable<Parameters<typeof proxyTo>[1]>
type Rules = Omit<Extract<Input['forwarding'], { type: 'envoy' }>, 'type'>
type Health = Omit<Extract<Input['passive_health'], { type: 'envoy' }>, 'type'>

async function withOrigins(
  serves: Serve[],
  rules: Rules,
  use: (proxy: ProxyUnderTest, origins: TakingOrigin[]) => Promise<void>,
  { health, ...more }: Partial<Input> & { health?: Health } = {},
): Promise<void> {
  const origins = await Promise.all(serves.map((serve) => takingOrigin(serve)))
  const ports = origins.map(({ port }) => port)
  const proxy = await proxyTo(ports, {
    forwarding: { type: 'envoy', ...rules },
    ...(health && { passive_health: { type: 'envoy', ...health } }),
    dialect: 'envoy',
    queue: { size: 10, timeout: '10s' },
    ...more,
  })
  try {
    await use(proxy, origins)
  } finally {
    await proxy.close()
    for (const origin of origins) await origin.close()
  }
}

const busy: Serve = (taken) => taken.answer(503, 'I am busy')
const fine: Serve = (taken) => taken.answer(200, 'fine')
const silent: Serve = () => {}
const closing: Serve = (taken) => taken.close()
const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
const ON = ['5xx' as const]

const lines = ({ journal }: ProxyUnderTest): string[] =>
  journal.flatMap((event) => (event.event === 'log' ? [event.line] : []))
const turns = ({ journal }: ProxyUnderTest): string[] =>
  journal.flatMap((event) => (event.event === 'server' ? [`${event.server} ${event.state}: ${event.why}`] : []))
const asked = (origins: TakingOrigin[]): number[] => origins.map((origin) => origin.asked.length)

t.test('a 503 is retried after the pause that was drawn, and nothing of it is passed on', async (t) => {
  const retry_policy = { retry_on: ON, base_interval: '200ms' as const }
  await withOrigins([busy, fine], { retry_policy }, async (proxy) => {
    const received = await good(proxy.port)
    t.match(received, /^HTTP\/1\.1 200 /)
    t.notMatch(received, 'busy')
    const [forward] = proxy.forwards()
    t.strictSame(
      forward!.tries.map(({ server, status }) => [server, status]),
      [
        ['app1', 503],
        ['app2', 200],
      ],
    )
    const drawn = chanceFrom(1).stream('envoy')()
    t.ok(forward!.ms >= backOff(retryPolicySchema.parse(retry_policy), 1, drawn), 'it has waited')
    t.match(lines(proxy), [/ 200 - via_upstream /])
  })
})

t.test('retries that run out: URX, and the latest answer or reset', async (t) => {
  const retry_policy = { retry_on: ON, num_retries: 2, base_interval: '1ms' as const }
  await withOrigins([busy], { retry_policy }, async (proxy, origins) => {
    t.match(await good(proxy.port), /^HTTP\/1\.1 503 So\r\n[\s\S]*I am busy$/)
    t.strictSame(asked(origins), [3])
    t.match(lines(proxy), [/ 503 URX via_upstream 0 9 /])
  })
  await withOrigins([closing], { retry_policy }, async (proxy, origins) => {
    t.match(
      await good(proxy.port),
      /\r\n\r\nupstream connect error or disconnect\/reset before headers\. retried and the latest reset reason: connection termination$/,
    )
    t.strictSame(asked(origins), [3])
    t.match(lines(proxy), [/ 503 URX,UC upstream_reset_before_response_started\{connection_termination\} 0 118 /])
  })
})

t.test('a response that is marked as overloaded is not retried', async (t) => {
  const marked: Serve = ({ peer }) =>
    void peer.send('HTTP/1.1 503 No\r\nX-Envoy-Overloaded: true\r\nContent-Length: 0\r\n\r\n')
  await withOrigins([marked], { retry_policy: { retry_on: ON } }, async (proxy, origins) => {
    t.match(await good(proxy.port), /^HTTP\/1\.1 503 No\r\nx-envoy-overloaded: true\r\n/)
    t.strictSame(asked(origins), [1])
  })
})

t.test('without a policy nothing is retried', async (t) => {
  await withOrigins([busy, fine], {}, async (proxy, origins) => {
    t.equal(statusOf(await good(proxy.port)), 503)
    t.strictSame(asked(origins), [1, 0])
    t.match(lines(proxy), [/ 503 - via_upstream /])
  })
})

t.test('a try that takes too long is retried; the last one is told as such', async (t) => {
  const retry_policy = { retry_on: ON, per_try_timeout: '300ms' as const, base_interval: '1ms' as const }
  await withOrigins([silent, fine], { retry_policy }, async (proxy) => {
    t.equal(statusOf(await good(proxy.port)), 200)
    const { tries } = proxy.forwards()[0]!
    t.match(tries, [{ failure: { type: 'http_response_timeout' } }, { status: 200 }])
    t.ok(tries[0]!.ms >= 300)
  })
  await withOrigins([silent], { retry_policy }, async (proxy, origins) => {
    t.match(await good(proxy.port), /^HTTP\/1\.1 504 Gateway Timeout\r\n[\s\S]*\r\n\r\nupstream request timeout$/)
    t.strictSame(asked(origins), [2])
    t.match(lines(proxy), [/ 504 URX,UT upstream_per_try_timeout 0 24 /])
  })
})

t.test('the time of the route ends all tries, and is not retried', async (t) => {
  const retry_policy = { retry_on: ON, num_retries: 9, base_interval: '1ms' as const }
  await withOrigins([silent], { route_timeout: '100ms', retry_policy }, async (proxy, origins) => {
    t.match(await good(proxy.port), /^HTTP\/1\.1 504 /)
    t.strictSame(asked(origins), [1])
    t.match(lines(proxy), [/ 504 UT response_timeout 0 24 /])
    t.ok(proxy.forwards()[0]!.ms >= 100)
  })
})

t.test('it ends a response that trickles, too', async (t) => {
  const trickling: Serve = ({ peer }) => {
    peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx')
    const timer = setInterval(() => peer.send('x'), 5)
    peer.socket.on('close', () => clearInterval(timer))
  }
  await withOrigins([trickling], { route_timeout: '400ms' }, async (proxy) => {
    const { received } = await exchange(proxy.port, GET)
    t.match(received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nxx/)
    t.match(proxy.forwards()[0], { cut: true, failure: { type: 'http_response_timeout', stage: 'response_body' } })
    t.match(lines(proxy), [/ 200 UT response_timeout 0 \d+ /])
  })
})

t.test('a breaker that is open: 503 at once, marked', async (t) => {
  await withOrigins([silent], { circuit_breakers: { max_requests: 1 } }, async (proxy, [origin]) => {
    const first = (await dialed(proxy.port)).send(GET)
    const taken = await origin!.request(1)
    const received = await good(proxy.port)
    t.match(received, /^HTTP\/1\.1 503 Service Unavailable\r\nx-envoy-overloaded: true\r\ncontent-length: 81\r\n/)
    t.match(lines(proxy), [/ 503 UO upstream_reset_before_response_started\{overflow\} 0 81 /])
    taken.answer()
    await first.ended()
    t.equal(origin!.asked.length, 1)
  })
})

t.test('with every connection in use one request waits, and the next is one too many', async (t) => {
  const circuit_breakers = { max_connections: 1, max_pending_requests: 1 }
  await withOrigins([silent], { circuit_breakers }, async (proxy, [origin]) => {
    const first = (await dialed(proxy.port)).send(GET)
    const taken = await origin!.request(1)
    const others = [(await dialed(proxy.port)).send(GET), (await dialed(proxy.port)).send(GET)]
    await until(() => lines(proxy).length > 0)
    t.match(lines(proxy), [/ 503 UO upstream_reset_before_response_started\{overflow\} /])
    taken.answer()
    await first.ended()
    ;(await origin!.request(2)).answer()
    await Promise.all(others.map((peer) => peer.ended()))
    t.strictSame(others.map(({ received }) => statusOf(received)).sort(), [200, 503])
    t.equal(origin!.mostAtOnce(), 1)
  })
})

t.test('who waits for a connection waits within the time of the route', async (t) => {
  const rules = { circuit_breakers: { max_connections: 1 }, route_timeout: '400ms' as const }
  await withOrigins([silent], rules, async (proxy, [origin]) => {
    const first = (await dialed(proxy.port)).send(GET)
    await origin!.request(1)
    t.match(await good(proxy.port), /^HTTP\/1\.1 504 /)
    await first.ended()
    await until(() => lines(proxy).length === 2)
    t.ok(lines(proxy).every((line) => line.includes(' 504 UT response_timeout 0 24 ')))
  })
})

t.test('five 503 eject a server; it is asked again when its time is over', async (t) => {
  const health = { base_ejection_time: '1s', interval: '20ms', max_ejection_percent: '50%' } as const
  const serves: Serve[] = [busy, fine]
  await withOrigins(
    [(taken) => serves[0]!(taken), fine],
    {},
    async (proxy, origins) => {
      for (let i = 0; i < 10; i++) await good(proxy.port)
      t.strictSame(asked(origins), [5, 5])
      t.strictSame(turns(proxy), ['app1 excluded: consecutive_5xx, for 1000 ms'])
      serves[0] = fine
      while (origins[0]!.asked.length === 5) await good(proxy.port)
      t.strictSame(turns(proxy).slice(1), ['app1 recovered: its ejection is over'])
      t.ok(origins[1]!.asked.length > 5, 'the other one took all meanwhile')
    },
    { health, forwarding: { type: 'envoy' } },
  )
})

t.test('fewer than half are well: panic, and who is ejected is asked as well', async (t) => {
  const health = { consecutive_5xx: 2, max_ejection_percent: '100%' } as const
  await withOrigins(
    [busy, busy, fine],
    {},
    async (proxy, origins) => {
      for (let i = 0; i < 6; i++) await good(proxy.port)
      t.match(turns(proxy), [/^app1 excluded/, /^app2 excluded/])
      t.strictSame(asked(origins), [2, 2, 2])
      for (let i = 0; i < 6; i++) await good(proxy.port)
      t.strictSame(asked(origins), [4, 4, 4])
      t.equal(turns(proxy).length, 2, 'they are out already')
    },
    { health },
  )
  await withOrigins(
    [busy, busy, fine],
    { panic_threshold: '0%' },
    async (proxy, origins) => {
      for (let i = 0; i < 12; i++) await good(proxy.port)
      t.strictSame(asked(origins), [2, 2, 8], 'turned off, the last one takes all')
    },
    { health },
  )
})

t.test('a check that passes ends an ejection', async (t) => {
  const ready: Serve = (taken) => (taken.path === '/ready' ? taken.answer() : busy(taken))
  await withOrigins(
    [ready, fine],
    {},
    async (proxy) => {
      for (let i = 0; i < 10; i++) await good(proxy.port)
      await until(() => turns(proxy).length > 1)
      t.strictSame(turns(proxy).slice(0, 2), [
        'app1 excluded: consecutive_5xx, for 600000 ms',
        'app1 recovered: its ejection is over',
      ])
    },
    {
      health: { base_ejection_time: '10m', max_ejection_time: '10m' },
      health_check: { type: 'http', path: '/ready', interval: '300ms' },
    },
  )
})
