/** A scenario's health checks in HAProxy's words. configuration.ts writes them, lacks.ts says what has no such words. */
import { checkAgent, type HealthCheckConfig } from '../../core/proxy/health_checks/index.js'
import type { ProxySettings, ServerSettings } from '../driver.js'

export function checkLines({ health_check: check }: ProxySettings): string[] {
  if (!check) return []
  const limit = check.timeout === undefined ? [] : [`timeout check ${ms(check.timeout)}`]
  if (check.type !== 'http') return limit
  const { path, host = '%[srv_name]', expected_body, drain_statuses } = check
  return [
    ...limit,
    'option httpchk',
    `http-check send meth GET uri ${path} ver HTTP/1.1 hdr Host ${host} hdr User-Agent ${checkAgent}`,
    ...(expected_body === undefined
      ? [`http-check expect status ${statusesOf(check).join(',')}`]
      : [`http-check expect string ${quoted(expected_body)}`]),
    ...(drain_statuses.length > 0 ? ['http-check disable-on-404'] : []),
  ]
}

const statusesOf = ({
  expected_statuses,
  drain_statuses,
}: HealthCheckConfig & { type: 'http' }): (number | string)[] => [...expected_statuses, ...drain_statuses]

export function checkParameters(
  { health_check: check, passive_health }: ProxySettings,
  { secured }: ServerSettings,
): string | undefined {
  if (!check) return undefined
  const observed = passive_health?.type === 'haproxy' && passive_health.observe !== 'none' && passive_health
  const { interval, fast_interval, rise, fall, type } = check
  return [
    `check inter ${ms(interval)}`,
    fast_interval !== undefined && `fastinter ${ms(fast_interval)}`,
    `rise ${rise} fall ${fall}`,
    type === 'tcp' && secured && 'no-check-ssl',
    type === 'tls' && !secured && 'check-ssl verify none',
    observed && `observe ${observed.observe} error-limit ${observed.error_limit} on-error ${observed.on_error}`,
  ]
    .filter(Boolean)
    .join(' ')
}

const ms = (duration: number): string => `${Math.max(1, Math.ceil(duration))}ms`

const quoted = (text: string): string => `"${text.replace(/["\\$]/g, '\\$&')}"`
