/** Admissions: whether an attempt may be sent at all. One file each; several compose, and all must agree. */
import type { KindOf } from '../../../lib/registry.js'
import type { Admission, AdmissionState } from './admission.js'
import { aws_adaptive } from './aws_adaptive.js'
import { aws_standard } from './aws_standard.js'
import { circuit_breaker } from './circuit_breaker.js'
import { envoy_budget } from './envoy_budget.js'
import { finagle_budget } from './finagle_budget.js'
import { grpc_throttle } from './grpc_throttle.js'
import { retry_breaker } from './retry_breaker.js'
import { sre_ratio } from './sre_ratio.js'
import { sre_throttling } from './sre_throttling.js'
import { token_bucket } from './token_bucket.js'

export type { Admission, Ask, End, Granted } from './admission.js'

export const admissions = {
  token_bucket,
  aws_standard,
  aws_adaptive,
  grpc_throttle,
  finagle_budget,
  envoy_budget,
  sre_ratio,
  sre_throttling,
  circuit_breaker,
  retry_breaker,
}

export type AdmissionConfig = KindOf<typeof admissions>

/** They are asked in this order, and the first that refuses is the reason; then nobody takes anything. */
export function createAdmissions(configs: readonly AdmissionConfig[]): Admission {
  const kinds = configs.map((config) => ({ word: config.type, state: createOne(config) }))
  return {
    admit(ask) {
      let afterMs = 0
      for (const { word, state } of kinds) {
        const { admit, after_ms } = state.judge(ask)
        if (!admit) {
          for (const { state } of kinds) state.refused?.(ask)
          return { admit: false, why: word }
        }
        afterMs = Math.max(afterMs, after_ms ?? 0)
      }
      for (const { state } of kinds) state.granted(ask)
      return afterMs > 0 ? { admit: true, after_ms: afterMs } : { admit: true }
    },
    ended(end) {
      for (const { state } of kinds) state.ended(end)
    },
  }
}

const createOne = (config: AdmissionConfig): AdmissionState =>
  (admissions[config.type].create as (config: AdmissionConfig) => AdmissionState)(config)
