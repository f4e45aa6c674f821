/** Health checks: how a proxy finds out by itself whether a server is well. One file each. */
import type { KindOf } from '../../../lib/registry.js'
import type { Failure } from '../../failure.js'
import type { CheckAnswer, CheckVerdict } from './health_check.js'
import { http } from './http.js'
import { tcp } from './tcp.js'
import { tls } from './tls.js'

export { type CheckAnswer, type CheckVerdict, checkAgent, checkResults } from './health_check.js'

export const healthChecks = { http, tcp, tls }

export type HealthCheckConfig = KindOf<typeof healthChecks>

/** What to speak for a check; undefined: what requests to the server speak. */
export const schemeOf = ({ type }: HealthCheckConfig): 'http' | 'https' | undefined => healthChecks[type].scheme

/** What a check has come to that ended like this. */
export function judgeCheck(
  config: HealthCheckConfig,
  answer: CheckAnswer,
  failure: Pick<Failure, 'details'> | undefined,
): CheckVerdict {
  if (failure) return { result: 'failed', why: failure.details }
  return config.type === 'http' ? healthChecks.http.judge(config, answer) : { result: 'passed' }
}
