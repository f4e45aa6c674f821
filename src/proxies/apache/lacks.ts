/** What a scenario can say of a proxy and Apache can't do. Where its cause may need it, it is skipped. */
import type { Lack, ProxySettings, ServerSettings } from '../driver.js'

export const secured = (server: Pick<ServerSettings, 'secured'>): boolean => server.secured

export function lacks(settings: ProxySettings): Lack[] {
  return [
    ...ofProxy(settings),
    ...ofTimeouts(settings),
    ...ofMovingOn(settings),
    ...settings.servers.flatMap((server) => ofServer(server, settings)),
  ]
}

function ofProxy({ queue, health_check, rate_limit, cache, balance, upstream_tls, dialect, ...rest }: ProxySettings) {
  const found: Lack[] = []
  const lack = (setting: string, why: string, runs?: true) => found.push({ setting, why, ...(runs && { runs }) })
  if (health_check) lack('health_check', 'mod_proxy_hcheck is not written for Apache yet')
  if (rate_limit) lack('rate_limit', 'Apache limits bytes, and no rate of requests')
  if (cache) lack('cache', 'mod_cache is not written for Apache yet')
  if (rest.resolver) lack('resolver', 'Apache asks the resolver of the machine, and keeps what it says')
  if (upstream_tls.profile !== undefined) {
    lack('upstream_tls.profile', 'Apache offers what its OpenSSL does, but for ciphers and versions')
  }
  if (dialect === 'edge') lack('dialect: edge', 'Apache has pages and a Server header of its own')
  if (!BALANCERS.has(balance.type)) lack(`balance: ${balance.type}`, 'Apache has no such balancer')
  for (const key of ['forwarding', 'passive_health'] as const) {
    const type = rest[key]?.type ?? 'nginx'
    if (type !== 'nginx' && type !== 'apache') lack(`${key}: ${type}`, 'Apache has rules of its own')
  }
  if (queue) lack('queue.size', 'Apache does not count who waits for a connection', true)
  if (rest.keepalive.requests < DEFAULT_REQUESTS) {
    lack('keepalive.requests', 'Apache does not count the requests of a connection to a server', true)
  }
  if (upstream_tls.server_name !== undefined && rest.servers.some(secured)) {
    lack('upstream_tls.server_name', 'Apache asks for the name in the URL of the server: here it is localhost', true)
  }
  return found
}

const BALANCERS: ReadonlySet<string> = new Set(['round_robin', 'least_conn'])

function ofTimeouts({ timeouts, servers }: ProxySettings): Lack[] {
  const found: Lack[] = []
  const { response, read, send, client, connect } = timeouts
  if (response !== undefined) {
    found.push({ setting: 'timeouts.response', why: 'Apache has no limit for the whole response' })
  }
  const note = (setting: string, why: string) => found.push({ setting: `timeouts.${setting}`, why, runs: true })
  if (read % 1000 !== 0) note('read', `Apache counts it in whole seconds: here it is ${Math.ceil(read / 1000)} s`)
  if (send !== read) note('send', 'Apache has one limit for writing and reading: here it is timeouts.read')
  if (servers.some(secured) && connect !== read) {
    note('read', 'Apache has one limit for reading and for the TLS handshake: here it is the smaller one')
  }
  if (client < DEFAULT_CLIENT_MS) note('client', 'Apache counts it for the head and for the body, in whole seconds')
  return found
}

/** What it calls a failure of a server is that no connection could be made; what fails later is answered for. */
function ofMovingOn({ servers, forwarding, next_upstream, tries, next_upstream_timeout }: ProxySettings): Lack[] {
  if (servers.length < 2 || forwarding?.type === 'apache') return []
  const found: Lack[] = []
  const status = next_upstream.find((condition) => condition.startsWith('http_'))
  if (status !== undefined) found.push({ setting: `next_upstream: ${status}`, why: 'Apache passes such an answer on' })
  if (next_upstream.length > 0 && tries !== 1) {
    const why = 'Apache moves on only where no connection could be made'
    found.push({ setting: 'next_upstream', why, runs: true })
  }
  if (next_upstream_timeout !== undefined) {
    found.push({ setting: 'next_upstream_timeout', why: 'Apache moves on whenever that is', runs: true })
  }
  return found
}

function ofServer(server: ServerSettings, { servers }: ProxySettings): Lack[] {
  const { hop, fail_timeout, max_fails, slow_start, joins, leaves, weight } = server
  const found: Lack[] = []
  const lack = (setting: string, why: string, runs?: true) =>
    found.push({ setting: `${setting} of ${hop}`, why, ...(runs && { runs }) })
  if (servers.length > 1 && max_fails > 0) {
    if (max_fails > 1) lack('max_fails', 'Apache excludes a server after one connection that could not be made', true)
    if (fail_timeout % 1000 !== 0) lack('fail_timeout', 'Apache counts it in whole seconds')
  }
  if (weight > 100) lack('weight', 'the largest loadfactor is 100')
  if (slow_start > 0) lack('slow_start', 'Apache has none')
  if (joins !== undefined) lack('joins', 'the servers of a running Apache do not change')
  if (leaves !== undefined) lack('leaves', 'the servers of a running Apache do not change')
  return found
}

/** Of the mini proxy: nobody asked for a limit. */
const DEFAULT_CLIENT_MS = 300_000
const DEFAULT_REQUESTS = 1000
