/** A mini proxy with Apache's rules: where it goes when a server can't be had, and what its log says of that. */
import t from 'tap'
import { answering, good, type ProxyUnderTest, proxyTo, rawOrigin, statusOf } from './peers.js'
import { takingOrigin } from './taking.js'

const RULES = {
  dialect: 'apache',
  forwarding: { type: 'apache' },
  keepalive: { connections: 0 },
} as const

const rules = (to: object[], more: object = {}) => ({
  ...RULES,
  passive_health: { type: 'apache' },
  to: to.map((edge, index) => ({ hop: `app${index + 1}`, max_fails: 1, fail_timeout: '1h', ...edge })),
  ...more,
})

/** The numbers of Apache's messages. */
const numbers = ({ journal }: ProxyUnderTest): string[] =>
  journal.flatMap((event) => (event.event === 'log' ? (/AH\d{5}/.exec(event.line)?.[0] ?? []) : []))

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'

/** A port that nobody listens at any more. */
async function deadPort(): Promise<number> {
  const origin = await rawOrigin(() => {})
  await origin.close()
  return origin.port
}

t.test('a server that can’t be reached is left alone, and one that ends a connection is not', async (t) => {
  const origin = await rawOrigin(answering(OK))
  const closing = await rawOrigin((peer) => void peer.until('\r\n\r\n').then(() => peer.socket.end()))
  const proxy = await proxyTo([await deadPort(), origin.port, closing.port], rules([{}, {}, {}]) as never)
  const got = []
  for (let n = 0; n < 5; n++) got.push(statusOf(await good(proxy.port)))
  t.strictSame(got, [200, 502, 200, 502, 200])
  t.strictSame(numbers(proxy), ['AH00957', 'AH01114', 'AH00959', 'AH01102', 'AH00898', 'AH01102', 'AH00898'])
  t.match(
    proxy.journal.filter(({ event }) => event === 'server'),
    [{ server: 'app1', state: 'excluded' }],
  )
  for (const each of [proxy, origin, closing]) await each.close()
})

t.test('all in error state: all are asked again, or nobody is', async (t) => {
  for (const force_recovery of [true, false]) {
    const passive_health = { type: 'apache', force_recovery }
    const ports = [await deadPort(), await deadPort()]
    const proxy = await proxyTo(ports, rules([{}, {}], { passive_health }) as never)
    for (let n = 0; n < 3; n++) t.equal(statusOf(await good(proxy.port)), 503)
    const tries = proxy.forwards().map((forward) => forward.tries.length)
    t.strictSame(tries, force_recovery ? [2, 2, 2] : [2, 0, 0])
    t.equal(numbers(proxy).filter((number) => number === 'AH01170').length, force_recovery ? 0 : 2)
    await proxy.close()
  }
})

t.test('a connection that is not free in time is an error of the server, and another one is asked', async (t) => {
  const [first, second] = [await takingOrigin(), await takingOrigin((taken) => taken.answer())]
  const more = { queue: { size: 9, timeout: '50ms' } }
  const proxy = await proxyTo([first.port, second.port], rules([{ max_conns: 1 }, {}], more) as never)
  const held = good(proxy.port)
  const kept = await first.request(1)
  const got = []
  for (let n = 0; n < 3; n++) got.push(statusOf(await good(proxy.port)))
  t.strictSame(got, [200, 200, 200])
  t.strictSame(numbers(proxy), ['AH00941'], 'the second of them waited in vain')
  kept.answer()
  t.equal(statusOf(await held), 200)
  t.equal(first.asked.length, 1)
  for (const each of [proxy, first, second]) await each.close()
})

t.test('failonstatus: such an answer is passed on, and the server left alone', async (t) => {
  const busy = await rawOrigin(answering('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'))
  const origin = await rawOrigin(answering(OK))
  const passive_health = { type: 'apache', fail_on_status: [503] }
  const proxy = await proxyTo([busy.port, origin.port], rules([{}, {}], { passive_health }) as never)
  const got = []
  for (let n = 0; n < 4; n++) got.push(statusOf(await good(proxy.port)))
  t.strictSame(got, [503, 200, 200, 200])
  t.strictSame(numbers(proxy), ['AH01174'])
  for (const each of [proxy, busy, origin]) await each.close()
})
