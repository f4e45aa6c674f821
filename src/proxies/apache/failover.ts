/**
 * Whom Apache asks when a server can't be reached, and which servers it leaves alone: what a hop says in Apache's words, or
 * in nginx's, as the parameters of a balancer. configuration.ts writes them, lacks.ts says what has no such words.
 */
import type { ProxySettings, ServerSettings } from '../driver.js'

type Forwarding = Extract<ProxySettings['forwarding'], { type: 'apache' }>
type PassiveHealth = Extract<ProxySettings['passive_health'], { type: 'apache' }>

/** What of a proxy says so. */
export type FailoverSettings = Pick<ProxySettings, 'forwarding' | 'passive_health' | 'next_upstream' | 'tries'> & {
  servers: readonly Pick<ServerSettings, 'down'>[]
}

export function forwardingOf({ forwarding, next_upstream, tries, servers }: FailoverSettings): Forwarding {
  if (forwarding?.type === 'apache') return forwarding
  const listed = servers.filter(({ down }) => !down).length
  const most = next_upstream.length === 0 ? 1 : tries > 0 ? Math.min(tries, listed) : listed
  return { type: 'apache', max_attempts: Math.max(0, most - 1) }
}

/** Servers have `retry` of their own: fail_timeout, where max_fails is not 0. */
export const passiveHealthOf = ({ passive_health }: FailoverSettings): PassiveHealth =>
  passive_health?.type === 'apache' ? passive_health : { type: 'apache', force_recovery: true, fail_on_status: [] }

export function failoverWords(settings: FailoverSettings): string[] {
  const { max_attempts } = forwardingOf(settings)
  const { force_recovery, fail_on_status } = passiveHealthOf(settings)
  return [
    ...(max_attempts === undefined ? [] : [`maxattempts=${max_attempts}`]),
    ...(force_recovery ? [] : ['forcerecovery=Off']),
    ...(fail_on_status.length > 0 ? [`failonstatus=${fail_on_status.join(',')}`] : []),
  ]
}
