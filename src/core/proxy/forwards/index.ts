/** Rules of forwarding: which failure moves a request on, to whom and when. One product each. */
import type { KindOf } from '../../../lib/registry.js'
import type { BalancedRequest } from '../balancers/index.js'
import type { Forward, ForwardParts } from '../forward.js'
import { apache } from './apache.js'
import { caddy } from './caddy.js'
import { envoy } from './envoy.js'
import { haproxy } from './haproxy.js'
import { type ForwardConfig, nginx } from './nginx.js'

export const forwards = { nginx, haproxy, envoy, caddy, apache }

export type ForwardingConfig = KindOf<typeof forwards>

/** Begins a request. */
export type BeginForward = (request: BalancedRequest) => Forward

/** What rules of all products may ask for: nginx's keys are those of the hop. */
export type ForwardingParts = ForwardParts & { config: ForwardConfig }

/** Once for each proxy. */
export const createForwarding = (config: ForwardingConfig, parts: ForwardingParts): BeginForward =>
  (forwards[config.type].create as (config: ForwardingConfig, parts: ForwardingParts) => BeginForward)(config, parts)
