/** What a scenario can say of a proxy and HAProxy 2.6 can't do. Where its cause may need it, it is skipped. */
import { isService } from '../../dialects/index.js'
import type { Lack, ProxySettings, ServerSettings } from '../driver.js'
import { withoutWord } from './retries.js'

export function lacks(settings: ProxySettings): Lack[] {
  return [...ofProxy(settings), ...ofTries(settings), ...ofChecks(settings), ...settings.servers.flatMap(ofServer)]
}

/** nginx's it is told in its own words. */
const OWN: ReadonlySet<string | undefined> = new Set([undefined, 'nginx', 'haproxy'])

function ofProxy(settings: ProxySettings): Lack[] {
  const { rate_limit, cache, timeouts, balance, upstream_tls, dialect, own, resolver, queue, servers } = settings
  const found: Lack[] = []
  if (own)
    found.push({ setting: 'nginx', why: 'it is a configuration of nginx, and HAProxy gets what it sets', runs: true })
  if (rate_limit) found.push({ setting: 'rate_limit', why: 'stick tables are not written for HAProxy yet' })
  if (cache) found.push({ setting: 'cache', why: 'HAProxy’s cache keeps no errors, and is not written for it yet' })
  if (upstream_tls.profile !== undefined) {
    const why = 'HAProxy offers what its OpenSSL does, but for ciphers and versions'
    found.push({ setting: 'upstream_tls.profile', why })
  }
  if (isService(dialect)) {
    found.push({ setting: `dialect: ${dialect}`, why: 'HAProxy has pages of its own, and no Server header' })
  }
  if (timeouts.response !== undefined) {
    found.push({ setting: 'timeouts.response', why: 'HAProxy has no limit for the whole response' })
  }
  if (timeouts.send !== timeouts.read) {
    const why = 'HAProxy has one limit for both directions of a server, and timeouts.read is it'
    found.push({ setting: 'timeouts.send', why, runs: true })
  }
  const { forwarding, passive_health } = settings
  for (const [key, type] of Object.entries({ forwarding: forwarding?.type, passive_health: passive_health?.type })) {
    if (!OWN.has(type)) found.push({ setting: `${key}: ${type}`, why: 'HAProxy has rules of its own' })
  }
  if (balance.type === 'peak_ewma' || balance.type === 'caddy_round_robin') {
    found.push({ setting: `balance: ${balance.type}`, why: 'HAProxy has no such balancer' })
  }
  if (resolver) {
    const why = 'HAProxy asks in the background, and a server whose name has no address is down'
    found.push({ setting: 'resolver', why, runs: true })
  }
  if (queue && forwarding?.type !== 'haproxy' && servers.every(({ max_conns }) => max_conns === 0)) {
    found.push({ setting: 'queue', why: 'HAProxy queues requests for servers that have a limit' })
  }
  return found
}

function ofTries(settings: ProxySettings): Lack[] {
  const { next_upstream_timeout } = settings
  const found: Lack[] = []
  const wordless = withoutWord(settings)
  if (wordless.length > 0) {
    found.push({ setting: `next_upstream: ${wordless.join(', ')}`, why: 'HAProxy 2.6 has no such condition' })
  }
  if (next_upstream_timeout !== undefined) {
    found.push({ setting: 'next_upstream_timeout', why: 'HAProxy has no limit for all tries together' })
  }
  return found
}

function ofChecks({ health_check: check, servers }: ProxySettings): Lack[] {
  if (!check) {
    const why = 'HAProxy takes no server for failed without health checks'
    const counting = servers.filter(({ max_fails }) => max_fails > 0)
    return counting.map(({ hop }) => ({ setting: `max_fails of ${hop}`, why, runs: true as const }))
  }
  const found: Lack[] = []
  if (check.initial === 'down') {
    found.push({ setting: 'health_check.initial', why: 'a server of HAProxy 2.6 is up until checks say otherwise' })
  }
  if (check.type !== 'http') return found
  const { drain_statuses, expected_body } = check
  if (drain_statuses.some((status) => status !== 404)) {
    found.push({ setting: 'health_check.drain_statuses', why: 'HAProxy drains a server with 404 alone' })
  }
  if (expected_body !== undefined && drain_statuses.length > 0) {
    found.push({
      setting: 'health_check.expected_body',
      why: 'HAProxy looks at the status or at the body, not at both',
    })
  }
  return found
}

function ofServer({ hop, weight, joins, leaves }: ServerSettings): Lack[] {
  const found: Lack[] = []
  const lack = (setting: string, why: string) => found.push({ setting: `${setting} of ${hop}`, why })
  if (weight > MOST_WEIGHT) lack('weight', `HAProxy counts to ${MOST_WEIGHT}`)
  if (joins !== undefined) lack('joins', 'the servers of a running HAProxy do not change')
  if (leaves !== undefined) lack('leaves', 'the servers of a running HAProxy do not change')
  return found
}

const MOST_WEIGHT = 256
