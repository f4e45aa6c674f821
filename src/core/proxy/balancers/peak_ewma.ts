import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import type { Chance } from '../../../lib/random.js'
import type { Server } from '../server.js'
import type { Servers } from '../servers.js'
import type { Balancer } from './balancer.js'

const schema = z.strictObject({
  type: z.literal('peak_ewma'),
  decay: duration().prefault('10s').meta({ description: 'How fast old latencies are forgotten' }),
})

export const peak_ewma = {
  summary: 'of two servers drawn at random, the one of less latency times requests at it; a peak counts at once',
  schema,
  /**
   * As Finagle's PeakEwma: a slower response replaces the average, a faster one is blended in over the decay. So is
   * the time in which nothing was heard, as if it were fast: who had a peak is asked again some time.
   */
  create({ decay }: z.output<typeof schema>, { all }: Servers, chance: Chance): Balancer {
    const draw = chance.stream('balancer/peak_ewma')
    const averages = all.map(() => ({ ms: 0, at: 0 }))
    const remembered = ({ ms, at }: { ms: number; at: number }, now: number) => ms * Math.exp(-(now - at) / decay)
    const cost = ({ index, conns, config }: Server, now: number): number => {
      const ms = remembered(averages[index]!, now)
      // Nobody knows yet how long it takes: with a request at it, the other one is the better bet.
      if (ms === 0 && conns > 0) return UNKNOWN_MS + conns
      return (ms * (conns + 1)) / config.weight
    }
    return {
      begin: () => (group, may, now) => {
        const open = group.servers.filter(may)
        if (open.length < 2) return open[0]
        const at = Math.floor(draw() * open.length)
        const one = open[at]!
        const other = open[(at + 1 + Math.floor(draw() * (open.length - 1))) % open.length]!
        return cost(one, now) <= cost(other, now) ? one : other
      },
      observed({ index }, ms, now) {
        const average = averages[index]!
        const kept = Math.exp(-(now - average.at) / decay)
        average.ms = ms > average.ms ? ms : remembered(average, now) + ms * (1 - kept)
        average.at = now
      },
    }
  },
} as const

const UNKNOWN_MS = 1e9
