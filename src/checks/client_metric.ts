/** `{ client: plain, metric: success_rate, is: ">= 99%" }`. The unit of the comparison must be that of the metric. */
import { z } from 'zod'
import { type MetricUnit, metricTable, type ScalarMetric, scalarMetrics } from '../journal/metrics/index.js'
import { type Comparison, compared, comparison, holds, inconclusive, inUnitOf, type Unit } from './comparison.js'
import { checkKind, client } from './kind.js'

/** The unit in which each kind of metric is compared. */
const comparedIn: Record<Exclude<MetricUnit, 'counts' | 'shares'>, Unit> = {
  count: 'number',
  number: 'number',
  per_second: 'number',
  share: 'share',
  duration: 'duration',
}

const unitOf = (metric: ScalarMetric): Unit => comparedIn[metricTable[metric].unit]

const schema = z
  .strictObject({
    client,
    metric: z
      .enum([...scalarMetrics] as [ScalarMetric, ...ScalarMetric[]])
      .meta({ description: 'A metric of the result' }),
    is: comparison('number', 'share', 'duration'),
  })
  .superRefine(inUnitOf(unitOf))

export const client_metric = checkKind({
  summary: 'a metric of a client over all its requests',
  schema,
  evaluate(check, facts) {
    const name = `client ${check.client} ${check.metric}`
    const measured = facts.clients.get(check.client)?.metrics
    if (!measured?.requests) return inconclusive(name, check.is, 'no requests')
    const value = measured[check.metric]
    if (value !== null) return compared(name, check.is, value)
    // Longer than any time that was asked for, and no missing number.
    if (check.metric === 'recovery_ms' && measured.recovered === 0)
      return { name, verdict: never(check.is), expected: check.is.text, actual: 'never' }
    return inconclusive(name, check.is, 'not defined')
  },
})

const never = (wanted: Comparison): 'pass' | 'fail' => (holds(wanted, Number.POSITIVE_INFINITY) ? 'pass' : 'fail')
