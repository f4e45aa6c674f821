/** Presets: what one word turns on, and that every key of the scenario wins over it. */
import { test } from 'tap'
import type { ScenarioError } from '../../src/lib/errors.js'
import type { ProxyHop } from '../../src/scenario/hops.js'
import { checkScenario, parseScenario } from '../../src/scenario/parse.js'
import { presetNames, presets } from '../../src/scenario/presets/index.js'

const app = { kind: 'origin' }

function hopOf(more: object): ProxyHop {
  const hops = { app, other: app, lb: { kind: 'proxy', to: ['app', 'other'], ...more } }
  return checkScenario({ id: 'preset', title: 'preset', hops }, { runnable: false }).hops.lb as ProxyHop
}

function problemsOf(text: string): readonly object[] {
  try {
    parseScenario(text, 'a.yaml', { runnable: false })
    return []
  } catch (error) {
    return (error as ScenarioError).problems
  }
}

test('every preset is a hop that the schema takes, with what it says of each key', async (t) => {
  for (const preset of presetNames) {
    const hop = hopOf({ preset })
    t.equal(hop.preset, preset)
    for (const key of Object.keys(presets[preset].hop({}))) t.not(hop[key as keyof ProxyHop], undefined, key)
  }
})

test('nginx: one failed try excludes a server, and connections serve one request', async (t) => {
  const hop = hopOf({ preset: 'nginx' })
  t.match(hop, { dialect: 'nginx', forwarding: { type: 'nginx' }, keepalive: { connections: 0 } })
  t.strictSame(
    hop.to.map(({ max_fails, fail_timeout }) => [max_fails, fail_timeout]),
    [
      [1, 10_000],
      [1, 10_000],
    ],
  )
})

test('envoy: outlier detection and breakers are on, retries wait for a policy', async (t) => {
  const hop = hopOf({ preset: 'envoy' })
  t.match(hop, {
    dialect: 'envoy',
    forwarding: { type: 'envoy', route_timeout: 15_000, panic_threshold: 0.5, circuit_breakers: { max_retries: 3 } },
    passive_health: { type: 'envoy', consecutive_5xx: 5, max_ejection_percent: 0.1 },
    timeouts: { connect: 5000, read: 300_000 },
  })
  t.equal(hop.forwarding.type === 'envoy' && hop.forwarding.retry_policy, undefined)
  const forwarding = { route_timeout: '1s', retry_policy: { retry_on: ['5xx'] } }
  t.match(hopOf({ preset: 'envoy', forwarding, passive_health: 'nginx' }), {
    forwarding: { type: 'envoy', route_timeout: 1000, retry_policy: { num_retries: 1 } },
    passive_health: { type: 'nginx' },
    dialect: 'envoy',
  })
  const tlsOf = (upstream_tls: object) => hopOf({ preset: 'envoy', upstream_tls }).upstream_tls
  t.match(tlsOf({ verify: true }), { verify: true, max_version: 'TLSv1.2' })
  t.match(tlsOf({ min_version: 'TLSv1.3' }), { verify: false, max_version: undefined })
  t.match(tlsOf({ profile: 'python_like' }), { verify: false, max_version: undefined })
})

test('a key that the scenario sets wins, and only that one', async (t) => {
  const hop = hopOf({
    preset: 'nginx',
    to: [{ hop: 'app', max_fails: 5 }, 'other'],
    timeouts: { read: '1s' },
    next_upstream: 'off',
    balance: { type: 'hash', key: '$request_uri' },
    dialect: 'rfc9209',
  })
  t.match(hop, {
    timeouts: { read: 1000, client: 60_000 },
    next_upstream: [],
    balance: { type: 'hash', key: '$request_uri' },
    dialect: 'rfc9209',
    keepalive: { connections: 0 },
  })
  t.strictSame(
    hop.to.map(({ max_fails }) => max_fails),
    [5, 1],
  )
})

test('a word that is none is told with the nearest', async (t) => {
  const text = `id: a
title: a
hops:
  app: { kind: origin }
  lb: { kind: proxy, to: [app], preset: ngnix }
`
  t.match(problemsOf(text), [{ line: 5, column: 41, message: 'unknown preset "ngnix", did you mean "nginx"?' }])
})

test('a mistake beside a preset is told where it stands', async (t) => {
  const text = `id: a
title: a
hops:
  app: { kind: origin }
  lb: { kind: proxy, preset: nginx, to: [ap, { hop: app, weigth: 2 }], timeouts: { raed: 1s } }
`
  t.match(problemsOf(text), [
    { line: 5, column: 42, message: 'unknown hop "ap", did you mean "app"?' },
    { line: 5, column: 58, message: 'unknown key "weigth", did you mean "weight"?' },
    { line: 5, column: 84, message: 'unknown key "raed", did you mean "read"?' },
  ])
})

test('haproxy: retries, queues, no limits of time but what is said, and checks only where they are asked for', async (t) => {
  const hop = hopOf({ preset: 'haproxy' })
  t.match(hop, {
    balance: { type: 'haproxy_roundrobin' },
    forwarding: { type: 'haproxy', retries: 3, retry_on: ['conn-failure'], redispatch: 0 },
    passive_health: { type: 'haproxy', observe: 'none', error_limit: 10 },
    queue: { timeout: hop.timeouts.connect },
  })
  t.equal(hop.health_check, undefined)
  const said = hopOf({
    preset: 'haproxy',
    timeouts: { connect: '1s' },
    forwarding: { type: 'haproxy', redispatch: 'on' },
    health_check: { type: 'tcp', rise: 1 },
  })
  t.match(said, {
    forwarding: { retries: 3, redispatch: -1 },
    queue: { timeout: 1000 },
    health_check: { type: 'tcp', rise: 1, fall: 3, initial: 'barely_up' },
  })
  t.equal(hopOf({ preset: 'haproxy', health_check: 'http' }).health_check?.initial, 'barely_up')
})

test('caddy: any server, one try, nothing held against a server, and a resolver that asks as Go does', async (t) => {
  const hop = hopOf({ preset: 'caddy' })
  t.match(hop, {
    balance: { type: 'random' },
    forwarding: { type: 'caddy', retries: 0, try_duration: 0, try_interval: undefined },
    passive_health: { type: 'caddy', fail_duration: 0, max_fails: 1 },
    timeouts: { connect: 3000 },
    keepalive: { connections: 32, idle: 120_000 },
    resolver: undefined,
    dialect: 'caddy',
  })
  const said = hopOf({ preset: 'caddy', resolver: { tries: 2 }, forwarding: { try_duration: '5s' } })
  t.match(said, {
    resolver: { timeout: 3000, tries: 2, cache: false, ipv6: true },
    forwarding: { type: 'caddy', try_duration: 5000 },
  })
})

test('apache: one connection that could not be made, and a server is left alone for a minute', async (t) => {
  const hop = hopOf({ preset: 'apache' })
  t.match(hop, {
    balance: { type: 'round_robin' },
    forwarding: { type: 'apache', max_attempts: undefined },
    passive_health: { type: 'apache', force_recovery: true, fail_on_status: [] },
    timeouts: { connect: 60_000, read: 60_000 },
    dialect: 'apache',
    to: [
      { max_fails: 1, fail_timeout: 60_000 },
      { max_fails: 1, fail_timeout: 60_000 },
    ],
  })
  const said = hopOf({ preset: 'apache', forwarding: { max_attempts: 1 }, passive_health: { fail_on_status: [503] } })
  t.match(said, {
    forwarding: { type: 'apache', max_attempts: 1 },
    passive_health: { type: 'apache', force_recovery: true, fail_on_status: [503] },
  })
})
