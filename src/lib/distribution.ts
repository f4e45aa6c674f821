/**
 * How long something takes: a fixed time, or one drawn from a distribution. Faults (delay, retransmission) and the
 * capacity model (service times) use it. Pure: the draws are arguments.
 */
import { z } from 'zod'
import { duration, share } from './quantity.js'
import type { Draw } from './random.js'

const kinds = [
  z
    .strictObject({ type: z.literal('uniform'), from: duration(), to: duration() })
    .meta({ description: 'Anything between the two, equally likely' }),
  z
    .strictObject({ type: z.literal('normal'), mean: duration(), deviation: duration() })
    .meta({ description: 'A normal distribution, cut off at zero' }),
  z
    .strictObject({ type: z.literal('exponential'), mean: duration() })
    .meta({ description: 'Memoryless: mostly short, sometimes long' }),
  z
    .strictObject({ type: z.literal('lognormal'), median: duration(), sigma: z.number().min(0).max(10) })
    .meta({ description: 'A long tail, as service times have: sigma is that of the logarithm' }),
  z
    .strictObject({
      type: z.literal('retransmission'),
      loss: share(),
      timeout: duration().prefault('200ms'),
      tries: z.int().min(1).max(15).default(15),
    })
    .meta({ description: 'What packet loss costs: the retransmission timeout, doubled for every loss in a row' }),
] as const

/** A bare duration, or an object that says which distribution. */
export const distributionSchema = z.union([
  duration().transform((ms) => ({ type: 'fixed' as const, ms })),
  z.discriminatedUnion('type', kinds),
])

export type Distribution = z.output<typeof distributionSchema>

/** Milliseconds, never below zero. */
export function sampleMs(distribution: Distribution, draw: Draw): number {
  switch (distribution.type) {
    case 'fixed':
      return distribution.ms
    case 'uniform':
      return distribution.from + (distribution.to - distribution.from) * draw()
    case 'normal':
      return Math.max(0, distribution.mean + distribution.deviation * standardNormal(draw))
    case 'exponential':
      return -distribution.mean * Math.log(1 - draw())
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma * standardNormal(draw))
    case 'retransmission':
      return retransmissionMs(distribution, draw)
  }
}

/** Box-Muller, one of the pair. */
const standardNormal = (draw: Draw): number => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw())

/** RFC 6298 section 5.5: the timeout doubles with every loss in a row. */
function retransmissionMs({ loss, timeout, tries }: Retransmission, draw: Draw): number {
  let waited = 0
  for (let lost = 0; lost < tries && draw() < loss; lost++) waited += timeout * 2 ** lost
  return waited
}

type Retransmission = Extract<Distribution, { type: 'retransmission' }>
