/** Diagnosis: what is wrong between a gateway and a target, from what the gateway can see. One procedure a file. */
import type { KindOf } from '../../../lib/registry.js'
import type { Observation } from '../observation.js'
import type { DiagnosedPool, Diagnosis } from './diagnosis.js'
import { evidence } from './evidence.js'
import { threshold } from './threshold.js'

export {
  type DiagnosedPool,
  type Diagnosis,
  type DiagnosisClass,
  diagnosisClasses,
  diagnosisClassNames,
} from './diagnosis.js'

export const procedures = { threshold, evidence }

export type ProcedureConfig = KindOf<typeof procedures>

/** What is wrong, if anything, as that procedure sees it. Neither the order of the observations nor any name matters. */
export function diagnose(
  observations: readonly Observation[],
  pool: DiagnosedPool,
  config: ProcedureConfig = evidence.schema.parse({ type: 'evidence' }),
): Diagnosis {
  return (
    procedures[config.type].diagnose as (
      config: ProcedureConfig,
      ...rest: [typeof observations, DiagnosedPool]
    ) => Diagnosis
  )(config, observations, pool)
}
