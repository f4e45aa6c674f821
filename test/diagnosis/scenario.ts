/**
 * A labelled case as a scenario of real hops: gateways with their exits, a firewall, an edge, an origin, and the faults and
 * rules that make it what its label says. .ci/diagnosis.mjs runs it; what it tells of a gateway is all that is diagnosed.
 */
import {
  type Case,
  CONNECT_LIMIT_MS,
  edgeShareOf,
  exitsOf,
  overloadOf,
  paceOf,
  READ_LIMIT_MS,
  SERVICE_MS,
  type unrelatedKinds,
} from './cases.js'

type Words = Record<string, unknown>

/** Who asks without a gateway, from an address and with a profile that no exit has. */
export const BROWSER = 'browser'
/** Requests a second: few beside those of the scraper, or they would be what overloads an origin. */
const browserRate = (one: Case): number => Math.max(1, 0.04 * paceOf(one).rate)

/** @param slower so many times as long takes everything, and so many times fewer are asked for: for a busy machine */
export function scenarioOf(one: Case, slower = 1): Words {
  const { seconds } = paceOf(one)
  return slowed(slower, {
    id: `diagnosis-${one.seed}`,
    title: `${one.label}, ${one.manner}`,
    seed: one.seed % 2 ** 31,
    time_limit: '30m',
    hops: hopsOf(one),
    clients: {
      ...clientsOf(one),
      [BROWSER]: {
        ...asked(one, browserRate(one)),
        // Without a gateway it is the browser who gives up waiting.
        timeout: ms(READ_LIMIT_MS),
        ...(one.tls && { tls: { profile: 'tls13_only' } }),
      },
    },
    faults: [...wrongOf(one, seconds), ...unrelatedOf(one)],
    expect: [{ client: BROWSER, metric: 'requests', is: '>= 1' }],
  }) as Words
}

function slowed(times: number, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => slowed(times, one))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, slowed(times, one)]))
  }
  const [, number, unit] = (typeof value === 'string' && /^(\d+(?:\.\d+)?)(ms|\/s)$/.exec(value)) || []
  if (number === undefined) return value
  return unit === 'ms' ? `${(Number(number) * times).toFixed(3)}ms` : `${(Number(number) / times).toFixed(4)}/s`
}

function hopsOf(one: Case): Words {
  const origin = {
    kind: 'origin',
    tls: one.tls,
    response: { body: 'a page', headers: { Server: 'shop' } },
    capacity: capacityOf(one),
  }
  const behind = one.edge ? 'edge' : 'shop'
  const edge = {
    kind: 'proxy',
    to: ['shop'],
    dialect: 'edge',
    tls: one.tls,
    next_upstream: 'off',
    keepalive: { connections: 0 },
    timeouts: { connect: ms(CONNECT_LIMIT_MS), read: ms(READ_LIMIT_MS / 2) },
  }
  return {
    shop: origin,
    ...(one.edge && { edge }),
    wall: { kind: 'waf', to: behind, rules: rulesOf(one), ...(one.tls && speaksHttp(one) && { tls: true }) },
    ...Object.fromEntries(one.profiles.map(({ name }, n) => [gatewayName(n), gatewayOf(one, name)])),
  }
}

export const gatewayName = (n: number): string => `gw${n + 1}`

function gatewayOf(one: Case, profile: string): Words {
  const pace = paceOf(one)
  // So many are under way at once, more or less; what waits for a time limit among them.
  const underWay = (pace.rate * (SERVICE_MS + 5 + one.unrelated.timeout * READ_LIMIT_MS)) / 1000
  return {
    kind: 'gateway',
    to: ['wall'],
    exits: one.subnets.map((count, n) => ({
      network: networkOf(n),
      count,
      tag: 'residential',
      latency: { type: 'uniform', from: ms(1 + (n % 4)), to: ms(3 + (n % 4)) },
    })),
    assign: 'round_robin',
    strategy: 'none',
    ...(one.tls && { profiles: [profile] }),
    ...(one.label === 'bad_credentials' && { users: [{ name: 'alice', password: 'secret' }] }),
    ...(one.label === 'gateway_overloaded' && {
      limits: { total: Math.max(1, Math.floor(underWay * (0.9 - one.affected))) },
    }),
    keepalive: { connections: 0 },
    timeouts: { connect: ms(CONNECT_LIMIT_MS), read: ms(READ_LIMIT_MS) },
  }
}

const networkOf = (subnet: number): string => `127.11.${subnet + 1}.0/24`

/** A rate for each profile; with wrong credentials, for those who have them. */
function clientsOf(one: Case): Words {
  const { rate } = paceOf(one)
  const wrong = one.label === 'bad_credentials' ? Math.max(0.05, one.affected) : 0
  return Object.fromEntries(
    one.profiles.flatMap(({ share }, n) => {
      const through = { gateway: gatewayName(n), form: 'absolute' }
      const as = (name: string, part: number, password: string) => [
        `${name}${n + 1}`,
        { ...asked(one, rate * share * part), through: { ...through, user: 'alice', password } },
      ]
      return wrong > 0
        ? [as('known', 1 - wrong, 'secret'), as('unknown', wrong, 'guess')]
        : [as('scraper', 1, 'secret')]
    }),
  )
}

const asked = (one: Case, rate: number): Words => ({
  to: 'wall',
  load: { rate: `${rate.toFixed(3)}/s`, for: ms(1000 * paceOf(one).seconds), arrivals: 'poisson' },
  keep_alive: false,
  retry: 'none',
  timeout: '60000ms',
})

function capacityOf(one: Case): Words {
  const service = (median: number) => ({ type: 'lognormal', median: `${median.toFixed(2)}ms`, sigma: 0.2 })
  if (one.label !== 'origin_overloaded') return { workers: 10_000, service_time: service(SERVICE_MS) }
  const { workers, service_ms, queue } = overloadOf(one)
  return { workers, queue, service_time: service(service_ms), when_full: one.manner === 'reset' ? 'reset' : 503 }
}

const speaksHttp = ({ label, manner }: Case): boolean => label.endsWith('_block') && /^\d+$/.test(manner)

/** The rule of the firewall, from when it is there. */
function rulesOf(one: Case): Words[] {
  const exits = exitsOf(one)
  const when = {
    exit_block: { network: one.blocked.map((n) => `${exits[n]?.id}/32`) },
    subnet_block: { network: one.blocked.map(networkOf) },
    fingerprint_block: { profile: one.profiles[one.blocked[0] ?? 0]?.name },
  }[one.label as 'exit_block']
  if (!when) return []
  const status = Number(one.manner)
  const action = status > 0 ? { type: 'respond', status } : one.manner
  return [{ id: 'blocks', when, action, from: ms(1000 * one.from * paceOf(one).seconds) }]
}

/** What is wrong beyond the gateway, and is no rule. */
function wrongOf(one: Case, seconds: number): Words[] {
  const window = { from: ms(1000 * one.from * seconds), to: ms(1000 * one.to * seconds) }
  const probability = share(edgeShareOf(one))
  const faults: Record<string, Record<string, Words>> = {
    origin_down: {
      refused: { on: 'wall', at: 'connect', effect: 'refuse' },
      blackhole: { on: 'wall', at: 'connect', effect: 'blackhole' },
      reset: { on: 'shop', at: 'connect', effect: 'refuse' },
      close: { on: 'wall', at: 'accept', effect: 'close' },
    },
    edge_error: {
      refused: { on: 'shop', at: 'connect', effect: 'refuse' },
      certificate: { on: 'shop', at: 'handshake', effect: { type: 'certificate', kind: 'expired' }, probability },
      reset: { on: 'shop', at: 'accept', effect: 'reset', probability },
      late: { on: 'shop', at: 'request_head', effect: 'stall', probability },
    },
  }
  const fault = faults[one.label]?.[one.manner]
  return fault ? [{ id: 'wrong', ...fault, window }] : []
}

/** With an edge, whatever would become a page of the edge's happens before it. */
function unrelatedOf({ edge, unrelated }: Case): Words[] {
  const near = edge ? { on: 'wall', at: 'accept' } : { on: 'shop', at: 'request_head' }
  const faults: Record<(typeof unrelatedKinds)[number], Words> = {
    reset: { ...near, effect: 'reset' },
    timeout: { ...near, effect: 'stall' },
    busy: { on: 'shop', at: 'request_head', effect: { type: 'respond', status: 503 } },
    truncated: edge
      ? { on: 'wall->edge', at: { type: 'wire', direction: 'down', after: '1B' }, effect: 'reset' }
      : { on: 'shop', at: { type: 'response_body', after: '2B' }, effect: 'reset' },
  }
  return Object.entries(faults).map(([kind, fault]) => ({
    id: `unrelated_${kind}`,
    ...fault,
    probability: share(unrelated[kind as keyof typeof unrelated]),
  }))
}

const ms = (value: number): string => `${Math.round(value)}ms`
const share = (value: number): string => `${(100 * Math.min(1, value)).toFixed(3)}%`
