/** What each strategy makes of a failed try, by what is seen and nothing else. */
import { test } from 'tap'
import type { Observation } from '../../../src/core/gateway/observation.js'
import { mayRepeat } from '../../../src/core/gateway/repeatable.js'
import { burnRate, isOk, signOf } from '../../../src/core/gateway/signs.js'
import {
  decide,
  type StrategyConfig,
  type StrategyFacts,
  strategies,
} from '../../../src/core/gateway/strategies/index.js'
import { exitOf, letters, target } from './pool.js'

const seenOf = (more: Partial<Observation> = {}): Observation => ({
  t: 0,
  target,
  exit: 'a',
  subnet: '127.11.1.0/24',
  tag: 'residential',
  profile: 'node',
  ok: false,
  ms: 5,
  ...more,
})

const reset = { error: 'connection_terminated', stage: 'tls' } as const
const edge502 = { status: 502, server: 'cloudflare' } as const

const factsOf = (seen: Partial<Observation>, more: Partial<StrategyFacts> = {}): StrategyFacts => {
  const one = seenOf(seen)
  const pool = { exits: letters(10).map((id) => exitOf(id)), profiles: ['node', 'modern'] }
  return { n: 1, seen: one, recent: [one], pool, all: pool, now_ms: 0, draw: 0.5, ...more }
}

const configOf = (type: StrategyConfig['type'], more: object = {}): StrategyConfig =>
  strategies[type].schema.parse({ type, ...more })

const aware = (seen: Partial<Observation>, more: Partial<StrategyFacts> = {}, config: object = {}) =>
  decide(configOf('context_aware', config), factsOf(seen, more))

test('none answers whatever comes', async (t) => {
  t.strictSame(decide(configOf('none'), factsOf(reset)), {
    do: 'answer',
    heuristic: 'not_evaluated',
    strategy: 'answer',
  })
})

test('blind goes on at once with the same, until its tries are used up', async (t) => {
  const tries = [1, 2, 3].map((n) => decide(configOf('blind', { attempts: 3 }), factsOf(reset, { n })))
  const again = { do: 'again', after_ms: 0, exit: 'same', profile: 'same', heuristic: 'not_evaluated' }
  t.match(tries, [again, { ...again, strategy: 'retry_same_exit' }, { do: 'answer' }])
  t.match(decide(configOf('blind'), factsOf({ ok: true, status: 200 })), { do: 'answer' })
})

test('rotate takes another exit, and another profile if it is told to and there is one', async (t) => {
  const again = (config: object, profiles: string[]) =>
    decide(configOf('rotate', config), factsOf(edge502, { pool: { exits: [], profiles } }))
  t.match(again({}, ['node', 'modern']), { exit: 'other', profile: 'same', after_ms: 0, strategy: 'rotate_ip' })
  t.match(again({ profile: true }, ['node', 'modern']), { profile: 'other', strategy: 'rotate_ip_and_fingerprint' })
  t.match(again({ profile: true }, ['node']), { profile: 'same', strategy: 'rotate_ip' })
  t.match(decide(configOf('rotate'), factsOf(edge502, { n: 5 })), { do: 'answer' })
})

test('context_aware: the glossary entry, rule by rule', async (t) => {
  const quarantine = { exits: ['a'], profiles: [], for_ms: 300_000 }
  const rotation = { do: 'again', after_ms: 0, exit: 'elsewhere', profile: 'other', quarantine }
  t.strictSame(
    aware(reset),
    { ...rotation, heuristic: 'waf_stealth_block', strategy: 'rotate_ip_and_fingerprint' },
    'our own upstream reset',
  )
  t.match(aware({ status: 502, proxy_error: 'upstream_reset' }), { ...rotation, heuristic: 'waf_stealth_block' })
  t.match(aware({ status: 403 }), { ...rotation, heuristic: 'explicit_block' })
  const backOff = { do: 'again', exit: 'same', profile: 'same', strategy: 'exponential_backoff' }
  t.match(aware(edge502), { ...backOff, heuristic: 'edge_origin_error' }, 'a public edge')
  t.notHas(aware(edge502), { quarantine: {} })
  t.match(aware({ status: 502 }), { ...backOff, heuristic: 'genuine_failure' })
  t.match(aware({ error: 'connection_read_timeout', stage: 'response_head' }), { heuristic: 'genuine_failure' })
  t.match(aware({ status: 429 }), { do: 'again', exit: 'other', heuristic: 'rate_limited' })
  t.match(aware({ error: 'proxy_internal_error', stage: 'connect' }), { exit: 'other', heuristic: 'exit_failure' })
  t.match(aware({ ok: true, status: 200 }), { do: 'answer' })
})

test('context_aware waits 2^n and jitter, capped', async (t) => {
  const wait = (n: number, draw: number) => {
    const decision = aware(edge502, { n, draw }, { attempts: 20, cap: '10s', jitter: '2s' })
    return decision.do === 'again' ? decision.after_ms : undefined
  }
  t.strictSame(
    [1, 2, 3, 4, 5].map((n) => wait(n, 0)),
    [2000, 4000, 8000, 10_000, 10_000],
  )
  t.strictSame(
    [0, 0.25, 0.5].map((draw) => wait(1, draw)),
    [2000, 2500, 3000],
  )
})

test('context_aware quarantines what it has seen even on its last try', async (t) => {
  t.match(aware(reset, { n: 5 }), { do: 'answer', strategy: 'answer', quarantine: { exits: ['a'] } })
})

test('context_aware: a profile that is blocked at several exits, and passes at none, is burned', async (t) => {
  const blocks = (profile: string, exits: string[]) => exits.map((exit) => seenOf({ ...reset, exit, profile }))
  const passes = (profile: string) => seenOf({ ok: true, status: 200, exit: 'd', profile })
  const others = Array.from({ length: 4 }, () => passes('modern'))
  const after = (recent: Observation[]) => {
    const decision = aware({ ...reset, exit: 'c' }, { recent })
    return [decision.heuristic, decision.quarantine?.profiles]
  }
  const seen = seenOf({ ...reset, exit: 'c' })
  t.strictSame(after([...blocks('node', ['a', 'b']), ...others, seen]), ['fingerprint_block', ['node']])
  t.strictSame(after([...blocks('node', ['a', 'a']), ...others, seen]), ['waf_stealth_block', []], 'two exits')
  t.strictSame(after([...blocks('node', ['a', 'b']), passes('node'), ...others, seen]), ['waf_stealth_block', []])
})

test('context_aware pauses the target when everything fails everywhere, and pardons those exits', async (t) => {
  const failing = (exits: string[], profiles = ['node', 'modern']) =>
    exits.map((exit, n) => seenOf({ ...reset, exit, profile: profiles[n % profiles.length]! }))
  const passing = (count: number) => Array.from({ length: count }, () => seenOf({ ok: true, exit: 'f' }))
  t.match(aware(reset, { recent: failing(['a', 'b', 'c', 'd', 'e']) }), {
    do: 'again',
    after_ms: 30_000,
    exit: 'any',
    heuristic: 'fleet_wide_spike',
    strategy: 'pause_target',
    pause: { for_ms: 30_000, probes: 1, pardon: ['a', 'b', 'c', 'd', 'e'], since_ms: 0 },
  })
  t.notMatch(aware(reset, { recent: failing(['a', 'b', 'c', 'd']) }), { pause: {} }, 'four exits are too few')
  const only = aware(reset, { recent: failing(['a', 'b', 'c', 'd', 'e'], ['node']) })
  t.notMatch(only, { pause: {} }, 'the other profile has not been tried')
  const some = [...failing(['a', 'b', 'c', 'd', 'e']), ...passing(2)]
  t.notMatch(aware(reset, { recent: some }), { pause: {} }, 'of seven, two passed')
  const before = [...passing(20), ...failing(['a', 'b', 'c', 'd', 'e', 'g', 'h', 'i'])]
  t.match(aware(reset, { recent: before }), { pause: {} }, 'eight of the last ten')
  const pool = { exits: ['a', 'b', 'c'].map((id) => exitOf(id)), profiles: ['node'] }
  t.match(aware(reset, { pool, all: pool, recent: failing(['a', 'b', 'c']) }), { pause: {} }, 'of three, all')
  const networks = {
    exits: letters(10).map((id, n) => exitOf(id, { subnet: `127.11.${n % 2}.0/24` })),
    profiles: ['node'],
  }
  const inOne = ['a', 'c', 'e', 'g', 'i'].map((exit) => seenOf({ ...reset, exit, subnet: '127.11.0.0/24' }))
  t.notMatch(aware(reset, { pool: networks, all: networks, recent: inOne }), { pause: {} }, 'all of one network of two')
  const one = { exits: [exitOf('a')], profiles: ['node'] }
  t.notMatch(
    aware(reset, { pool: one, all: one, recent: failing(['a', 'a']) }),
    { pause: {} },
    'one alone tells nothing',
  )
})

test('context_aware asks a diagnosis where it is told to, and goes by the sign where that is not concerned', async (t) => {
  const exits = letters(10).map((id, n) => exitOf(id, { subnet: `127.11.${Math.floor(n / 5)}.0/24` }))
  const all = { exits, profiles: ['node', 'modern'] }
  /** Ten tries through each exit with each profile, of which those fail. */
  const recent = (fails: (exit: string, profile: string) => Partial<Observation> | undefined) =>
    exits.flatMap(({ id, subnet }, at) =>
      Array.from({ length: 20 }, (_, n) => {
        const profile = all.profiles[n % 2]!
        const failed = fails(id, profile)
        return seenOf({ t: n * 100 + at * 10, exit: id, subnet, profile, ...(failed ?? { ok: true, status: 200 }) })
      }),
    )
  const by = (fails: Parameters<typeof recent>[0], seen: Partial<Observation> = reset) => {
    const facts = { ...factsOf({ subnet: '127.11.0.0/24', ...seen }), recent: recent(fails), pool: all, all }
    return decide(configOf('context_aware', { diagnosis: 'evidence', spike: { share: '100%', exits: 100 } }), facts)
  }
  const onExits =
    (...ids: string[]) =>
    (exit: string) =>
      ids.includes(exit) ? reset : undefined
  t.match(by(onExits('a', 'g')), {
    exit: 'other',
    profile: 'same',
    quarantine: { exits: ['a', 'g'], profiles: [] },
  })
  t.match(
    by((_exit, profile) => (profile === 'node' ? reset : undefined)),
    { exit: 'same', profile: 'other', heuristic: 'fingerprint_block', quarantine: { exits: [], profiles: ['node'] } },
  )
  t.match(by(onExits('a', 'b', 'c', 'd', 'e')), {
    exit: 'other',
    heuristic: 'subnet_block',
    quarantine: { exits: ['a', 'b', 'c', 'd', 'e'] },
  })
  const refused = { error: 'connection_refused', stage: 'connect' } as const
  t.match(
    by(() => refused, refused),
    { pause: { for_ms: 30_000 } },
  )
  const unconcerned = by(onExits('b'), { ...reset, exit: 'a' })
  t.match(unconcerned, { heuristic: 'waf_stealth_block', exit: 'elsewhere', profile: 'other' })
  t.notOk(unconcerned.quarantine, 'nothing is kept from use on the word of one failure')
  t.match(
    by(() => undefined, edge502),
    { heuristic: 'edge_origin_error' },
  )
})

test('signs, statuses that are well, and the burn rate', async (t) => {
  t.equal(signOf(seenOf({ status: 502, server: 'Cloudflare' }), ['cloudflare']), 'edge_origin_error')
  t.equal(signOf(seenOf({ status: 502, server: 'nginx' }), ['cloudflare']), 'genuine_failure')
  t.strictSame([200, 301, 404, 499, 403, 429, 500, 502].filter(isOk), [200, 301, 404, 499])
  const blocks = [seenOf(reset), seenOf(reset), seenOf({ status: 403 }), seenOf(edge502), seenOf({ ok: true })]
  t.equal(burnRate(blocks, 6), 0.5)
  t.equal(burnRate(blocks, 0), 0)
})

test('what may have reached the target is repeated only if it may be', async (t) => {
  const get = { method: 'GET', body: 'none' } as const
  const post = { method: 'POST', body: 'kept' } as const
  t.equal(mayRepeat(get, 'response_head'), true)
  t.equal(mayRepeat(get, undefined), true)
  t.equal(mayRepeat(post, 'tls'), true, 'nothing was sent yet')
  t.equal(mayRepeat(post, 'request'), false)
  t.equal(mayRepeat(post, undefined), false)
  t.equal(mayRepeat({ method: 'PUT', body: 'kept' }, 'response_head'), true)
  t.equal(mayRepeat({ method: 'PUT', body: 'gone' }, 'tls'), false)
})
