/** What a scenario can say of a proxy and nginx (the free one) can't do. Where its cause may need it, it is skipped. */

import type { BalancerConfig } from '../../core/proxy/balancers/index.js'
import { isService } from '../../dialects/index.js'
import type { Lack, ProxySettings, ServerSettings } from '../driver.js'

const balancersOfNginx: readonly BalancerConfig['type'][] = [
  'round_robin',
  'least_conn',
  'ip_hash',
  'hash',
  'consistent_hash',
  'random',
  'random_two',
]

export function lacks(settings: ProxySettings): Lack[] {
  return [...ofProxy(settings), ...ofResolver(settings), ...settings.servers.flatMap(ofServer)]
}

function ofProxy(settings: ProxySettings): Lack[] {
  const { queue, health_check, rate_limit, cache, timeouts, balance, servers, upstream_tls, dialect } = settings
  const found: Lack[] = []
  if (queue) found.push({ setting: 'queue', why: 'nginx queues no requests' })
  if (health_check) found.push({ setting: 'health_check', why: 'only the commercial nginx checks servers by itself' })
  if (rate_limit) found.push({ setting: 'rate_limit', why: 'limit_req is not written for nginx yet' })
  if (cache) found.push({ setting: 'cache', why: 'proxy_cache is not written for nginx yet' })
  if (upstream_tls.profile !== undefined) {
    const why = 'nginx offers what its OpenSSL does, but for ciphers and versions'
    found.push({ setting: 'upstream_tls.profile', why })
  }
  if (isService(dialect))
    found.push({ setting: `dialect: ${dialect}`, why: 'nginx has pages and a Server header of its own' })
  if (settings.own && settings.source !== undefined) {
    found.push({ setting: 'source', why: 'the configuration says where it dials from: proxy_bind' })
  }
  if (timeouts.response !== undefined) {
    found.push({ setting: 'timeouts.response', why: 'nginx has no limit for the whole response' })
  }
  if (timeouts.client < DEFAULT_CLIENT_MS) {
    const why = 'nginx counts it for the head, and for the body between two reads'
    found.push({ setting: 'timeouts.client', why, runs: true })
  }
  if (!(balancersOfNginx as readonly string[]).includes(balance.type)) {
    found.push({ setting: `balance: ${balance.type}`, why: 'nginx has no such balancer' })
  }
  for (const key of ['forwarding', 'passive_health'] as const) {
    const type = settings[key]?.type ?? 'nginx'
    if (type !== 'nginx') found.push({ setting: `${key}: ${type}`, why: 'nginx has rules of its own' })
  }
  if (new Set(servers.map(({ secured }) => secured)).size > 1) {
    found.push({ setting: 'to', why: 'nginx speaks one scheme to all servers of a group' })
  }
  const names = new Set(servers.filter(({ secured }) => secured).map((server) => server.certificate_name))
  if (names.size > 1 && upstream_tls.server_name === undefined) {
    const why = `nginx asks all servers of a group for one name: here it is ${SHARED_NAME}`
    found.push({ setting: 'upstream_tls.server_name', why, runs: true })
  }
  return found
}

function ofResolver({ resolver, servers }: ProxySettings): Lack[] {
  if (!resolver) return []
  const found: Lack[] = []
  if (servers.length > 1) {
    found.push({ setting: 'resolver', why: 'nginx resolves one name at run time, and no group of servers' })
  }
  const [one] = servers
  if (one && (one.max_conns > 0 || one.down)) {
    found.push({ setting: 'to', why: 'nginx knows no max_conns and no down of a name that it resolves at run time' })
  }
  if (!resolver.cache) found.push({ setting: 'resolver.cache', why: 'nginx keeps what it was told' })
  if (resolver.tries > 1) {
    const why = 'nginx asks once, and waits as long as all tries together'
    found.push({ setting: 'resolver.tries', why, runs: true })
  }
  return found
}

function ofServer({ hop, fail_timeout, max_fails, slow_start, joins, leaves }: ServerSettings): Lack[] {
  const found: Lack[] = []
  const lack = (setting: string, why: string) => found.push({ setting: `${setting} of ${hop}`, why })
  if (max_fails > 0 && fail_timeout % 1000 !== 0) lack('fail_timeout', 'nginx counts it in whole seconds')
  if (slow_start > 0) lack('slow_start', 'only the commercial nginx has it')
  if (joins !== undefined) lack('joins', 'the servers of a running nginx do not change')
  if (leaves !== undefined) lack('leaves', 'the servers of a running nginx do not change')
  return found
}

/** Every certificate of a run has it beside its hop's own name. */
export const SHARED_NAME = 'localhost'

/** Of the mini proxy: nobody asked for a limit. */
const DEFAULT_CLIENT_MS = 300_000
