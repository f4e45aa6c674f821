/** Passive health: what a proxy makes of how its tries at a server end. One file each. */
import type { Chance } from '../../../lib/random.js'
import type { KindOf } from '../../../lib/registry.js'
import type { Servers } from '../servers.js'
import { apache } from './apache.js'
import { caddy } from './caddy.js'
import { envoy } from './envoy.js'
import { haproxy } from './haproxy.js'
import { nginx } from './nginx.js'
import type { TellTurn } from './passive_health.js'

export type { Ended, PassiveHealth, TellTurn, Turn } from './passive_health.js'

export const passiveHealth = { nginx, haproxy, envoy, caddy, apache }

export type PassiveHealthConfig = KindOf<typeof passiveHealth>

/** Gives each of the servers its passive health, before the first request. */
export const watchServers = (
  config: PassiveHealthConfig,
  servers: Servers,
  chance: Chance,
  tell: TellTurn = () => {},
): void => (passiveHealth[config.type].watch as Watch)(config, servers, chance, tell)

type Watch = (config: PassiveHealthConfig, servers: Servers, chance: Chance, tell: TellTurn) => void
