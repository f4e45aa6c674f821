/**
 * Checks: what a scenario expects of a run, judged from its facts. One file each. The keys of a check tell its kind, so
 * no two kinds take the same ones.
 */
import { z } from 'zod'
import type { Facts } from '../journal/reduce.js'
import type { CheckResult } from '../journal/result.js'
import { invariant } from '../lib/errors.js'
import { client_bytes } from './client_bytes.js'
import { client_error } from './client_error.js'
import { client_metric } from './client_metric.js'
import { client_proxy_status } from './client_proxy_status.js'
import { client_status } from './client_status.js'
import { client_truncated } from './client_truncated.js'
import { fault_fired } from './fault_fired.js'
import { gateway_decided } from './gateway_decided.js'
import { gateway_metric } from './gateway_metric.js'
import { gateway_taken_for } from './gateway_taken_for.js'
import type { CheckKind, Stranger } from './kind.js'
import { log_contains } from './log_contains.js'
import { origin_applied } from './origin_applied.js'
import { origin_connections } from './origin_connections.js'
import { origin_outcome } from './origin_outcome.js'
import { origin_repeated } from './origin_repeated.js'
import { origin_requests } from './origin_requests.js'
import { origin_stops } from './origin_stops.js'
import { proxy_cached } from './proxy_cached.js'
import { proxy_client_left } from './proxy_client_left.js'
import { proxy_cut } from './proxy_cut.js'
import { proxy_error } from './proxy_error.js'
import { proxy_passed } from './proxy_passed.js'
import { proxy_status } from './proxy_status.js'
import { proxy_tries } from './proxy_tries.js'
import { server_checks_passed } from './server_checks_passed.js'
import { server_tries_failed } from './server_tries_failed.js'
import { server_turned } from './server_turned.js'
import { waf_banned } from './waf_banned.js'
import { waf_bans } from './waf_bans.js'
import { waf_hits } from './waf_hits.js'

export const checks = {
  fault_fired,
  client_metric,
  client_status,
  client_proxy_status,
  client_error,
  client_truncated,
  client_bytes,
  gateway_metric,
  gateway_decided,
  gateway_taken_for,
  proxy_error,
  proxy_status,
  proxy_passed,
  proxy_tries,
  proxy_cached,
  proxy_cut,
  proxy_client_left,
  server_turned,
  server_checks_passed,
  server_tries_failed,
  origin_requests,
  origin_connections,
  origin_applied,
  origin_repeated,
  origin_outcome,
  origin_stops,
  waf_hits,
  waf_bans,
  waf_banned,
  log_contains,
}

export type Check = z.output<(typeof checks)[keyof typeof checks]['schema']>

type Schemas = [(typeof checks)[keyof typeof checks]['schema'], ...(typeof checks)[keyof typeof checks]['schema'][]]

export const checkSchema = z.union(Object.values(checks).map((kind) => kind.schema) as Schemas)

/** What the value of a key names; a name must exist in the scenario. */
export const references = {
  fault: 'fault',
  client: 'client',
  proxy: 'proxy',
  gateway: 'gateway',
  server: 'server',
  origin: 'origin',
  waf: 'waf',
  rule: 'rule',
  log: 'hop',
} as const

/**
 * Judges it; with a stranger in the path, what can't be known is skipped with the reason and the rest is judged.
 * @returns one result, or two where only a part can be judged
 */
export function evaluate(check: Check, facts: Facts, stranger?: Stranger): CheckResult[] {
  const kind = kindOf(check)
  const unknown = stranger && kind.unknown?.(check, stranger)
  if (!unknown) return [kind.evaluate(check, facts)]
  const { name, expected } = kind.evaluate(check, facts)
  const skipped: CheckResult = { name, verdict: 'skipped', expected, actual: 'unknown', reason: unknown.why }
  return unknown.left === undefined ? [skipped] : [kind.evaluate(unknown.left, facts), skipped]
}

function kindOf(check: Check): CheckKind {
  const keys = Object.keys(check)
  const kind = Object.values<CheckKind>(checks).find(({ schema }) => keys.every((key) => key in schema.shape))
  invariant(kind, `no kind of check has the keys ${keys.join(', ')}`)
  return kind
}
