/** `{ gateway: gw, metric: exits_quarantined, is: "<= 1" }`. The unit of the comparison must be that of the metric. */
import { z } from 'zod'
import { type GatewayMetric, gatewayMetricNames, gatewayMetrics } from '../journal/gateway_facts.js'
import { compared, comparison, inconclusive, inUnitOf, type Unit } from './comparison.js'
import { checkKind, gateway } from './kind.js'

const unitOf = (metric: GatewayMetric): Unit => {
  const { unit } = gatewayMetrics[metric]
  return unit === 'count' ? 'number' : unit
}

const schema = z
  .strictObject({
    gateway,
    metric: z
      .enum(gatewayMetricNames as [GatewayMetric, ...GatewayMetric[]])
      .meta({ description: 'A metric of gateways' }),
    is: comparison('number', 'share', 'duration'),
  })
  .superRefine(inUnitOf(unitOf))

export const gateway_metric = checkKind({
  summary: 'what became of the exits of a gateway: used, burned, paused',
  schema,
  evaluate(check, facts) {
    const name = `gateway ${check.gateway} ${check.metric}`
    const value = facts.gateways.get(check.gateway)?.metrics[check.metric]
    if (value === undefined) return inconclusive(name, check.is, 'no requests')
    return value === null ? inconclusive(name, check.is, 'not defined') : compared(name, check.is, value)
  },
})
