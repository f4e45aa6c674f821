/** `{ client: plain, metric: success_rate, is: ">= 99%" }`. The unit of the comparison must be that of the metric. */
import { z } from 'zod'
import type { ClientMetrics } from '../journal/result.js'
import { compared, comparison, inconclusive, type Unit, units } from './comparison.js'
import { checkKind, client } from './kind.js'

type Metric = Exclude<keyof ClientMetrics, 'statuses' | 'errors' | 'outcomes'>

/** The unit in which each metric is compared. */
const metrics = {
  requests: 'number',
  attempts: 'number',
  succeeded: 'number',
  success_rate: 'share',
  amplification: 'number',
  truncated: 'number',
  gave_up: 'number',
  latency_p50_ms: 'duration',
  latency_p90_ms: 'duration',
  latency_p99_ms: 'duration',
  latency_max_ms: 'duration',
} as const satisfies Record<Metric, Unit>

const schema = z
  .strictObject({
    client,
    metric: z.enum(Object.keys(metrics) as [Metric, ...Metric[]]).meta({ description: 'A metric of the result' }),
    is: comparison('number', 'share', 'duration'),
  })
  .superRefine(({ metric, is }, context) => {
    const unit = metrics[metric]
    if (is.unit === unit) return
    const message = `${metric} is a ${unit}: expected a comparison such as "${units[unit].example}", not "${is.text}"`
    context.addIssue({ code: 'custom', path: ['is'], message })
  })

export const client_metric = checkKind({
  summary: 'a metric of a client over all its requests',
  schema,
  evaluate(check, facts) {
    const name = `client ${check.client} ${check.metric}`
    const measured = facts.clients.get(check.client)?.metrics
    const value = measured?.requests ? measured[check.metric] : null
    return value === null ? inconclusive(name, check.is, 'no requests') : compared(name, check.is, value)
  },
})
