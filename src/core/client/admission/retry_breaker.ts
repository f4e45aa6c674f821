import { z } from 'zod'
import { share } from '../../../lib/quantity.js'
import { bearing } from '../bearing.js'
import { type AdmissionState, isExtra } from './admission.js'

const schema = z.strictObject({
  type: z.literal('retry_breaker'),
  failures: share()
    .prefault('10%')
    .meta({ description: 'No retries while more attempts than this failed per request' }),
})

/** The circuit breaker of Brooker, "Fixing retries with token buckets and circuit breakers" (2022), as in retry_sim. */
export const retry_breaker = {
  summary:
    'no retries while the failed attempts are more than a share of the requests since the start; first attempts always pass',
  schema,
  create({ failures: most }: z.output<typeof schema>): AdmissionState {
    let requests = 0
    let failed = 0
    return {
      judge: (ask) => ({ admit: !isExtra(ask) || failed <= most * requests }),
      granted(ask) {
        if (!isExtra(ask)) requests++
      },
      ended(end) {
        if (bearing(end) === 'failure') failed++
      },
    }
  },
} as const
