/** What a scenario can say of a proxy and Caddy 2.6 can't do. Where its cause may need it, it is skipped. */
import type { Lack, ProxySettings } from '../driver.js'
import { forwardingOf, policyOf } from './balancing.js'
import { goCipher, SHARED_NAME } from './words.js'

export const lacks = (settings: ProxySettings): Lack[] => [
  ...ofProxy(settings),
  ...ofTimeouts(settings),
  ...ofTls(settings),
  ...ofRetries(settings),
  ...ofServers(settings),
]

function ofProxy({ queue, health_check, rate_limit, cache, balance, keepalive, ...settings }: ProxySettings): Lack[] {
  const found: Lack[] = []
  const lack = (setting: string, why: string) => found.push({ setting, why })
  if (settings.own) lack('nginx', 'it is a configuration of nginx')
  if (queue) lack('queue', 'Caddy queues no requests')
  if (health_check) lack('health_check', 'active checks are not written for Caddy yet')
  if (rate_limit) lack('rate_limit', 'Caddy limits no rate without a module of others')
  if (cache) lack('cache', 'Caddy caches nothing without a module of others')
  if (settings.dialect === 'edge') lack('dialect: edge', 'Caddy has no pages, and a Server header of its own')
  if (settings.source !== undefined) lack('source', 'Caddy 2.6 leaves it to the kernel which address it dials from')
  for (const key of ['forwarding', 'passive_health'] as const) {
    const type = settings[key]?.type ?? 'nginx'
    if (type !== 'nginx' && type !== 'caddy') lack(`${key}: ${type}`, 'Caddy has rules of its own')
  }
  if (!policyOf({ balance })) lack(`balance: ${balance.type}`, 'Caddy has no such policy')
  const { connections, requests } = keepalive
  if (connections > 0 && requests !== DEFAULT_REQUESTS && requests < UNLIMITED_REQUESTS)
    lack('keepalive.requests', 'Caddy does not count what a connection has served')
  return found
}

function ofTimeouts({ timeouts, resolver }: ProxySettings): Lack[] {
  const found: Lack[] = []
  if (timeouts.response !== undefined) {
    found.push({ setting: 'timeouts.response', why: 'Caddy has no limit for the whole response of a server' })
  }
  if (timeouts.reply < DEFAULT_MS) {
    found.push({ setting: 'timeouts.reply', why: 'Caddy has no limit between two writes to a client' })
  }
  if (timeouts.read < DEFAULT_MS) {
    const why = 'Caddy counts it for the whole head, and then between two reads'
    found.push({ setting: 'timeouts.read', why, runs: true })
  }
  if (resolver) {
    const time = 'its dial_timeout is for the name and the connection together, and how often Go asks is not to be said'
    const gos = resolver.cache || !resolver.ipv6
    const why = gos ? `${time}; it asks for both kinds of address for each connection, and keeps no answer` : time
    found.push({ setting: 'resolver', why: `Caddy asks Go for the address: ${why}`, runs: true })
  }
  return found
}

function ofTls({ tls, upstream_tls, servers }: ProxySettings): Lack[] {
  const found: Lack[] = []
  const lack = (setting: string, why: string) => found.push({ setting, why })
  const { ciphers = [] } = tls || {}
  if (ciphers.some((suite) => suite.startsWith('TLS_'))) lack('tls.ciphers', 'Go leaves no choice of those of TLS 1.3')
  if (ciphers.some((suite) => !suite.startsWith('TLS_') && goCipher(suite) === undefined))
    lack('tls.ciphers', 'Caddy does not have all of them')
  const { profile, ciphers: offered, min_version, max_version } = upstream_tls
  if (profile !== undefined) lack('upstream_tls.profile', 'Caddy offers what its Go does')
  if (offered || min_version || max_version)
    lack('upstream_tls', 'Caddy 2.6 offers what its Go does, in versions and ciphers')
  if (new Set(servers.map(({ secured }) => secured)).size > 1)
    lack('to', 'Caddy speaks one scheme to all servers of a group')
  const names = new Set(servers.filter(({ secured }) => secured).map((server) => server.certificate_name))
  if (names.size > 1 && upstream_tls.server_name === undefined) {
    const why = `Caddy asks all servers of a group for one name: here it is ${SHARED_NAME}`
    found.push({ setting: 'upstream_tls.server_name', why, runs: true })
  }
  return found
}

/** Caddy repeats whatever failed before the head of a response was there, and nothing else. */
function ofRetries(settings: ProxySettings): Lack[] {
  const { next_upstream, forwarding } = settings
  if (forwarding?.type === 'caddy' || forwardingOf(settings).retries === 0) return []
  const found: Lack[] = []
  const statuses = next_upstream.filter((condition) => condition.startsWith('http_'))
  if (statuses.length > 0) {
    const why = `Caddy passes on what a server answers, whatever the status: ${statuses.join(', ')}`
    found.push({ setting: 'next_upstream', why })
  }
  const missing = (['error', 'timeout', 'invalid_header'] as const).filter((each) => !next_upstream.includes(each))
  if (missing.length > 0) {
    const why = `Caddy does not tell failures apart, and tries again after ${missing.join(' and ')} as well`
    found.push({ setting: 'next_upstream', why, runs: true })
  }
  return found
}

function ofServers({ servers, passive_health }: ProxySettings): Lack[] {
  const found: Lack[] = []
  const lack = (setting: string, why: string) => found.push({ setting, why })
  const [first] = servers
  const health = servers.map(({ max_fails, fail_timeout }) => `${max_fails} ${max_fails > 0 ? fail_timeout : ''}`)
  if (passive_health?.type !== 'caddy' && servers.length > 1 && new Set(health).size > 1)
    lack(`max_fails of ${first!.hop}`, 'Caddy has one max_fails and one fail_duration for all servers of a group')
  for (const { hop, weight, backup, slow_start, joins, leaves } of servers) {
    if (weight !== first!.weight) lack(`weight of ${hop}`, 'Caddy 2.6 has no weights')
    if (backup) lack(`backup of ${hop}`, 'Caddy has no backup servers')
    if (slow_start > 0) lack(`slow_start of ${hop}`, 'Caddy has none')
    if (joins !== undefined) lack(`joins of ${hop}`, 'the servers of a running Caddy do not change here')
    if (leaves !== undefined) lack(`leaves of ${hop}`, 'the servers of a running Caddy do not change here')
  }
  return found
}

/** Of the mini proxy: nobody asked for another one. */
const DEFAULT_MS = 60_000
const DEFAULT_REQUESTS = 1000
/** More than a run makes. */
const UNLIMITED_REQUESTS = 1_000_000
