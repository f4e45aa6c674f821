/** Which rule of a firewall acts on whom: every condition with one that it names and one that it does not. */
import fc from 'fast-check'
import t from 'tap'
import { tlsProfileNames } from '../../../src/core/tls_profiles.js'
import type { conditions, ProfileHashes } from '../../../src/core/waf/conditions.js'
import { Guard } from '../../../src/core/waf/guard.js'
import { bansSchema, ruleSchema } from '../../../src/core/waf/rule.js'
import { type Hello, type HttpRequest, isIn, isNetwork, type Visit } from '../../../src/core/waf/visit.js'
import { Windows } from '../../../src/core/waf/window.js'

const JA3 = '93c7d42c0df602fb91589311534831f5'
const JA4 = 't13d181100_85036bcba153_d41ae481755e'
const OTHER = 't13d5911h1_a33745022dd6_1f22a2ca17c4'

const hashes = Object.fromEntries(
  tlsProfileNames.map((name) => [name, name === 'python_like' ? JA4 : `${OTHER}${name}`]),
) as ProfileHashes
const hello: Hello = { ja3: JA3, ja4: JA4, sni: 'shop.test', alpn: ['http/1.1'] }
const request: HttpRequest = {
  method: 'GET',
  path: '/a?b=1',
  headers: [
    ['Host', 'shop.test'],
    ['User-Agent', 'Spider/2'],
    ['Accept', '*/*'],
  ],
}
const visit = (more: Partial<Visit> = {}): Visit => ({ address: '127.0.0.9', hello, request, ...more })

const guardOf = (rules: object[], bans?: object, readsRequests = true): Guard =>
  new Guard(
    { rules: rules.map((rule) => ruleSchema.parse(rule)), ...(bans && { bans: bansSchema.parse(bans) }) },
    hashes,
    readsRequests,
  )

const rule = (when: object, more: object = {}): object => ({ id: 'r', when, action: 'reset', ...more })

type Case = [wanted: unknown, named: Partial<Visit>, other: Partial<Visit>]
const asked = (more: Partial<HttpRequest>): Partial<Visit> => ({ request: { ...request, ...more } })

/** Conditions that count are below. */
const cases: Record<Exclude<keyof typeof conditions, 'rate' | 'repeated'>, Case[]> = {
  ja3: [[JA3, {}, { hello: { ...hello, ja3: JA3.replace('9', '8') } }]],
  ja4: [
    [[OTHER, JA4], {}, { hello: { ...hello, ja4: 't12d170700_84f9a2295120_f2c24448866c' } }],
    ['t13d*', {}, { hello: undefined }],
  ],
  profile: [[['python_like', 'modern'], {}, { hello: { ...hello, ja4: OTHER } }]],
  sni: [['*.test', {}, { hello: { ...hello, sni: undefined } }]],
  alpn: [
    ['http/1.1', {}, { hello: { ...hello, alpn: ['h2'] } }],
    ['none', { hello: { ...hello, alpn: [] } }, {}],
    ['none', { hello: { ...hello, alpn: [] } }, { hello: undefined }],
  ],
  network: [['127.0.0.0/24', {}, { address: '127.0.1.9' }]],
  method: [[['POST', 'GET'], {}, asked({ method: 'PUT' })]],
  path: [['/a*', {}, asked({ path: '/b' })]],
  user_agent: [['spider/*', {}, asked({ headers: [['User-Agent', 'Mozilla/5.0']] })]],
  has_header: [[['accept', 'host'], {}, asked({ headers: [['Host', 'x']] })]],
  lacks_header: [['Accept-Language', {}, asked({ headers: [['accept-language', 'en']] })]],
  header: [[{ 'User-Agent': 'Spider*' }, {}, asked({ headers: [['User-Agent', 'x']] })]],
  header_order: [
    [['host', 'user-agent', 'accept'], {}, asked({ headers: [...request.headers].reverse() })],
    [['host', 'cookie', 'accept'], {}, asked({ headers: [...request.headers].reverse() })],
  ],
}

for (const [key, rows] of Object.entries(cases)) {
  t.test(key, async (t) => {
    for (const [wanted, named, other] of rows) {
      t.equal(guardOf([rule({ [key]: wanted })]).atRequest(visit(named), 0)?.rule, 'r', JSON.stringify(wanted))
      t.equal(guardOf([rule({ [key]: wanted })]).atRequest(visit(other), 0), undefined)
      const unless = guardOf([rule({}, { unless: { [key]: wanted } })])
      t.equal(unless.atRequest(visit(named), 0), undefined, 'and as an exception')
      t.equal(unless.atRequest(visit(other), 0)?.rule, 'r')
    }
  })
}

t.test('all conditions of a rule must hold, and the first rule that matches acts', async (t) => {
  const guard = guardOf([
    rule({ sni: 'shop.test', method: 'POST' }, { id: 'both' }),
    rule({ path: '/public*' }, { id: 'public', action: 'pass' }),
    rule({ path: '/*' }, { id: 'all', action: { type: 'respond', status: 404 } }),
  ])
  t.equal(guard.atRequest(visit(asked({ method: 'POST' })), 0)?.rule, 'both')
  t.match(guard.atRequest(visit(asked({ path: '/public/x' })), 0), { rule: 'public', action: { type: 'pass' } })
  t.match(guard.atRequest(visit(), 0), { rule: 'all', action: { type: 'respond', status: 404 } })
})

t.test('rules come and go with the time', async (t) => {
  const guard = guardOf([rule({ ja3: JA3 }, { from: '1s', until: '2s' })])
  t.same(
    [0, 999, 1000, 1999, 2000].map((ms) => guard.atConnection(visit(), ms)?.rule),
    [undefined, undefined, 'r', 'r', undefined],
  )
})

t.test('what needs a request waits for it; an alert has its time before it', async (t) => {
  const guard = guardOf([
    rule({ method: 'GET', ja3: JA3 }, { id: 'both' }),
    rule({ ja3: JA3 }, { id: 'answered', action: { type: 'respond' } }),
    rule({ ja3: JA3 }, { id: 'alerted', action: 'alert' }),
  ])
  t.equal(guard.atConnection(visit({ request: undefined }), 0)?.rule, 'alerted')
  t.equal(guard.atRequest(visit(), 0)?.rule, 'both')
  t.equal(guard.atRequest(visit(asked({ method: 'PUT' })), 0)?.rule, 'answered')
})

t.test('who may pass is told of once: with each request where these are read', async (t) => {
  const rules = [rule({ network: '127.0.0.0/8' }, { action: 'pass' }), rule({}, { id: 'all' })]
  t.equal(guardOf(rules).atConnection(visit(), 0), undefined)
  t.equal(guardOf(rules).atRequest(visit(), 0)?.action.type, 'pass')
  t.equal(guardOf(rules, undefined, false).atConnection(visit(), 0)?.action.type, 'pass')
})

t.test('rate: who is over it stays over it while asking on, each by what it counts by', async (t) => {
  const hits = (when: object, visits: [ms: number, Partial<Visit>][]) => {
    const guard = guardOf([rule(when)])
    return visits.map(([ms, more]) => guard.atRequest(visit(more), ms) !== undefined)
  }
  const limit = { over: 2, within: '1s' }
  const times = [0, 100, 200, 900, 1150, 2300]
  t.same(
    hits(
      { rate: limit },
      times.map((ms) => [ms, {}]),
    ),
    [false, false, true, true, true, false],
  )
  const other = { address: '127.0.0.10' }
  t.same(
    hits({ rate: limit }, [
      [0, {}],
      [0, {}],
      [0, other],
      [0, {}],
    ]),
    [false, false, false, true],
  )
  t.same(
    hits({ rate: { ...limit, by: 'subnet' } }, [
      [0, {}],
      [0, {}],
      [0, other],
    ]),
    [false, false, true],
  )
  const far = { address: '127.0.1.10' }
  t.same(
    hits({ rate: { ...limit, by: 'subnet' } }, [
      [0, {}],
      [0, {}],
      [0, far],
    ]),
    [false, false, false],
  )
  t.same(
    hits({ rate: { ...limit, by: 'fingerprint' } }, [
      [0, {}],
      [0, {}],
      [0, far],
    ]),
    [false, false, true],
  )
  t.same(
    hits({ rate: { ...limit, by: 'all' }, method: 'GET' }, [
      [0, {}],
      [0, asked({ method: 'PUT' })],
      [0, {}],
      [0, {}],
    ]),
    [false, false, false, true],
  )
})

t.test('repeated: counted for each target', async (t) => {
  const guard = guardOf([rule({ repeated: { over: 1, within: '1s' } })])
  const ask = (path: string, ms: number) => guard.atRequest(visit(asked({ path })), ms) !== undefined
  t.same([ask('/a', 0), ask('/b', 0), ask('/a', 1), ask('/b', 999), ask('/a', 1002)], [false, false, true, true, false])
})

t.test('a rate of connections counts these, and requests on them do not', async (t) => {
  const guard = guardOf([rule({ rate: { over: 1, within: '1s', of: 'connections' } })], undefined, false)
  t.equal(guard.atConnection(visit(), 0), undefined)
  t.equal(guard.atRequest(visit(), 0), undefined)
  t.equal(guard.atRequest(visit(), 0), undefined)
  t.equal(guard.atConnection(visit(), 0)?.rule, 'r')
})

t.test('a sliding window is over exactly when more than so many came within it', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(500), { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 800 }),
      (gaps, over, within) => {
        const windows = new Windows(over, within)
        const times: number[] = []
        let now = 0
        for (const gap of gaps) {
          now += gap
          times.push(now)
          const counted = times.filter((time) => now - time < within).length
          if (windows.isOver('k', now) !== counted > over) return false
        }
        return true
      },
    ),
  )
})

t.test('networks', async (t) => {
  t.ok(isNetwork('127.11.1.0/24') && isNetwork('0.0.0.0/0') && isNetwork('127.0.0.1/32'))
  for (const wrong of ['127.11.1.5/24', '127.11.1.0', '127.11.1.0/33', 'x', '300.1.1.0/24'])
    t.notOk(isNetwork(wrong), wrong)
  t.ok(isIn('127.11.0.0/16', '127.11.200.3') && isIn('0.0.0.0/0', '127.0.0.1'))
  t.notOk(isIn('127.11.0.0/16', '127.12.0.1') || isIn('127.11.1.0/24', '127.11.2.0'))
})
