/** Balancers: which of the servers that may be tried gets this try. One file each. */
import type { Chance } from '../../../lib/random.js'
import type { KindOf } from '../../../lib/registry.js'
import type { Servers } from '../servers.js'
import type { Balancer } from './balancer.js'
import { caddy_round_robin } from './caddy_round_robin.js'
import { consistent_hash } from './consistent_hash.js'
import { haproxy_leastconn } from './haproxy_leastconn.js'
import { haproxy_roundrobin } from './haproxy_roundrobin.js'
import { hash } from './hash.js'
import { ip_hash } from './ip_hash.js'
import { least_conn } from './least_conn.js'
import { peak_ewma } from './peak_ewma.js'
import { random } from './random.js'
import { random_two } from './random_two.js'
import { round_robin } from './round_robin.js'

export type { BalancedRequest, Balancer, Choose } from './balancer.js'

export const balancers = {
  round_robin,
  least_conn,
  ip_hash,
  hash,
  consistent_hash,
  random,
  random_two,
  peak_ewma,
  haproxy_roundrobin,
  haproxy_leastconn,
  caddy_round_robin,
}

export type BalancerConfig = KindOf<typeof balancers>

/** Those that nginx refuses together with a backup server. */
export const withoutBackups: readonly BalancerConfig['type'][] = [
  'ip_hash',
  'hash',
  'consistent_hash',
  'random',
  'random_two',
]

export const createBalancer = (config: BalancerConfig, servers: Servers, chance: Chance): Balancer =>
  (balancers[config.type].create as (config: BalancerConfig, servers: Servers, chance: Chance) => Balancer)(
    config,
    servers,
    chance,
  )
