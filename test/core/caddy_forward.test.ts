/** Caddy's rules for one request: tryAgain, its round robin, and what its Go does. What is told was seen at Caddy 2.6.2. */
import { test } from 'tap'
import type { z } from 'zod'
import { type BalancerConfig, createBalancer } from '../../src/core/proxy/balancers/index.js'
import type { FailedTry, Forward, ForwardAction } from '../../src/core/proxy/forward.js'
import { createForwarding, forwards } from '../../src/core/proxy/forwards/index.js'
import { passiveHealth, watchServers } from '../../src/core/proxy/passive_health/index.js'
import { groupServers } from '../../src/core/proxy/servers.js'
import { chanceFrom } from '../../src/lib/random.js'
import { balancerOf, requestOf, type ServerInput, serverOf, triedBy } from './balanced.js'

type Config = Partial<Omit<z.input<typeof forwards.caddy.schema>, 'type'>>
type Health = Partial<Omit<z.input<typeof passiveHealth.caddy.schema>, 'type'>>

interface More {
  balance?: BalancerConfig['type']
  health?: Health
}

function begun(
  inputs: ServerInput[],
  config: Config = {},
  { balance = 'caddy_round_robin', health = {} }: More = {},
): { begin: (more?: object) => Forward } {
  const servers = groupServers(inputs.map((input, index) => serverOf(input, index)))
  const chance = chanceFrom(1)
  watchServers(passiveHealth.caddy.schema.parse({ type: 'caddy', ...health }), servers, chance)
  const begin = createForwarding(forwards.caddy.schema.parse({ type: 'caddy', ...config }), {
    config: { nextUpstream: [], tries: 0, timeoutMs: undefined, mayWait: false, tellsLast: true },
    servers,
    balancer: createBalancer(balancerOf(balance), servers, chance),
    balance,
    mayWait: false,
    tellsLast: true,
    connectMs: 5000,
    chance,
  })
  return { begin: (more = {}) => begin(requestOf(more)) }
}

const headers = (fields: Record<string, string>) => ({ header: (name: string) => fields[name] })
const refused = triedBy('refused')
const at = (stage: FailedTry['failure']['stage'], more: Partial<FailedTry> = {}): FailedTry => {
  const tried = triedBy('closed', { requestWritten: true, ...more })
  return { ...tried, failure: { ...tried.failure, stage } }
}
const closed = at('response_head')

const word = (action: ForwardAction | undefined) =>
  action?.do === 'try' ? action.server : action?.do === 'pause' ? `pause ${action.ms}` : action?.do

/** Every try fails like that: what it does until it answers, and when; each try takes a millisecond. */
function course(forward: Forward, last: FailedTry = refused, began = 0) {
  const told: (string | number | undefined)[] = []
  let now = began
  let action: ForwardAction = forward.start(now)
  while (action.do === 'try' || action.do === 'pause') {
    told.push(word(action))
    now += action.do === 'pause' ? action.ms : 1
    action = action.do === 'pause' ? forward.start(now) : forward.failed(last, now)
  }
  return { told, ms: now - began, failure: 'failure' in action ? action.failure : undefined }
}

test('one try, unless retries or try_duration say otherwise', async (t) => {
  t.strictSame(course(begun([{}, {}]).begin()).told, [1])
  t.strictSame(course(begun([{}], { retries: 2 }).begin()).told, [0, 0, 0], 'at once, and at the same server')
  t.strictSame(course(begun([{}, {}, {}], { retries: 2 }).begin()).told, [1, 2, 0])
})

test('try_duration: 250ms between tries, until the time is over when one fails', async (t) => {
  const { told, ms } = course(begun([{}], { try_duration: '600ms' }).begin())
  t.strictSame(told, [0, 'pause 250', 0, 'pause 250', 0, 'pause 250', 0])
  t.equal(ms, 754)
  t.strictSame(course(begun([{}], { try_duration: '1s', try_interval: '900ms' }).begin()).told, [
    0,
    'pause 900',
    0,
    'pause 900',
    0,
  ])
  t.strictSame(course(begun([{}], { try_duration: '10s', retries: 1 }).begin()).told, [0, 'pause 250', 0], 'both hold')
  t.strictSame(course(begun([{}], { try_duration: '300ms', try_interval: '0s' }).begin()).told.slice(0, 2), [
    0,
    'pause 250',
  ])
  t.strictSame(course(begun([{}], { retries: 1, try_interval: '7ms' }).begin()).told, [0, 'pause 7', 0])
})

test('what may have reached a server is repeated for GET, and for no other method; a failed dial for all', async (t) => {
  const tries = (method: string, last: FailedTry, config: Config = {}) =>
    course(begun([{}], { retries: 2, ...config }).begin({ method }), last).told.length
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
    t.equal(tries(method, refused), 3, `${method}: refused`)
    t.equal(tries(method, at('dns')), 3, `${method}: no address`)
    for (const stage of ['tls', 'request', 'response_head'] as const)
      t.equal(tries(method, at(stage)), method === 'GET' ? 3 : 1, `${method}: ${stage}`)
  }
  const retry_match = [{ method: ['PUT', 'POST'] }]
  t.equal(tries('POST', closed, { retry_match }), 3)
  t.equal(tries('GET', closed, { retry_match }), 1, 'what is said stands alone')
  t.equal(tries('POST', closed, { retry_match: [{}] }), 3, 'an empty entry is met by all')
  const careful: Config = { retry_match: [{ not: [{ method: ['POST', 'PATCH'] }] }] }
  t.same([tries('POST', closed, careful), tries('HEAD', closed, careful)], [1, 3])
})

test('a request with a body is not repeated: it is closed by then', async (t) => {
  const tries = (fields: Record<string, string>) =>
    course(begun([{}], { retries: 2 }).begin({ method: 'POST', ...headers(fields) })).told.length
  t.equal(tries({ 'content-length': '4' }), 1)
  t.equal(tries({ 'transfer-encoding': 'chunked' }), 1)
  t.equal(tries({ 'content-length': '0' }), 3)
})

test('a status is passed on, whatever it is; a body that breaks off is cut', async (t) => {
  const forward = begun([{}, {}], { retries: 3 }).begin()
  forward.start(0)
  t.equal(forward.answered(503, true, 1), undefined)
  t.equal(word(forward.failed(at('response_body', { responseBegun: true }), 2)), 'cut')
})

test('its Go sends a request again where a kept connection is lost before a byte, and that is no try of Caddy', async (t) => {
  const after = (more: object, last: FailedTry) => {
    const forward = begun([{}, {}], {}, { health: { fail_duration: '9s' } }).begin(more)
    forward.start(0)
    const then = word(forward.failed(last, 0))
    return [then, forward.turned]
  }
  const lost = at('response_head', { reused: true })
  t.same(after({}, lost), [1, undefined], 'at the same server, which is none the worse for it')
  t.same(after({}, closed), ['answer', 'excluded'], 'a new connection')
  t.same(after({ method: 'HEAD' }, lost), [1, undefined])
  t.same(after({ method: 'POST' }, lost), ['answer', 'excluded'])
  t.same(after({ method: 'POST', ...headers({ 'idempotency-key': 'a' }) }, lost), [1, undefined])
  t.same(after(headers({ 'content-length': '3' }), lost), ['answer', 'excluded'])
  const half = { ...lost, failure: { ...lost.failure, type: 'http_response_incomplete' as const } }
  t.same(after({}, half), ['answer', 'excluded'], 'a part of the head was there')
})

test('nobody may be asked: that counts as a try, and the failure before it is what is told', async (t) => {
  const { begin } = begun([{}], { try_duration: '600ms' }, { health: { fail_duration: '4s' } })
  const first = course(begin())
  t.strictSame(first.told, [0, 'pause 250', 'pause 250', 'pause 250'])
  t.equal(first.failure?.manner, 'refused')
  const next = course(begin({ method: 'POST' }), refused, 1000)
  t.same([next.told, next.failure?.type], [[], 'destination_unavailable'], 'only GET waits for a server')
  const waits = course(begin(), refused, 1000)
  t.strictSame(waits.told, ['pause 250', 'pause 250', 'pause 250'])
  const spent = begun([{ down: true }], { retries: 3, try_interval: '100ms' }).begin()
  t.strictSame(course(spent).told, ['pause 100', 'pause 100', 'pause 100'])
  t.strictSame(course(begun([{ down: true }], { retries: 3 }).begin()).told, [], 'all of them at once')
})

test('it may be asked again in the meantime', async (t) => {
  const { begin } = begun([{}], { try_duration: '600ms' }, { health: { fail_duration: '400ms' } })
  t.strictSame(course(begin()).told, [0, 'pause 250', 'pause 250', 0, 'pause 250'])
})

test('max_conns: a server with as many as it may have is passed over, and nobody waits in a queue', async (t) => {
  const { begin } = begun([{ max_conns: 1 }, { max_conns: 1 }])
  const [one, two, three] = [begin(), begin(), begin()]
  t.same(
    [one, two].map((forward) => word(forward.start(0))),
    [1, 0],
  )
  t.match(three.start(0), { do: 'answer', failure: { type: 'connection_limit_reached' } })
  two.done(1)
  t.equal(word(begin().start(1)), 0)
})

test('the count goes on for all requests together, with the second server first', async (t) => {
  const { begin } = begun([{}, {}, {}], { retries: 2 })
  const one = begin()
  const other = begin()
  t.same([word(one.start(0)), word(other.start(0))], [1, 2])
  t.same([word(one.failed(closed, 0)), word(other.failed(closed, 0))], [0, 1], 'to one that was just lost')
  const { begin: without } = begun([{}, { down: true }, {}])
  t.same(
    Array.from({ length: 4 }, () => word(without().start(0))),
    [2, 0, 2, 0],
  )
})
