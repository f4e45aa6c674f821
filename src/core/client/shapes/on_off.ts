import { z } from 'zod'
import { duration, rate } from '../../../lib/quantity.js'
import { type Piece, steady } from './shape.js'

const phase = () => duration().refine((ms) => ms >= 1, 'expected at least 1ms')

const schema = z.strictObject({
  type: z.literal('on_off'),
  rate: rate().meta({ description: 'The rate while it is on, and so it begins' }),
  on: phase().meta({ description: 'How long it is on' }),
  off: phase().meta({ description: 'How long it is off' }),
  rate_off: rate().prefault('0/s').meta({ description: 'The rate while it is off' }),
})

export const on_off = {
  summary: 'a rate for some time, then none or a lower one, and so on',
  schema,
  *pieces({ rate, on, off, rate_off }: z.output<typeof schema>, forMs: number): Generator<Piece> {
    for (let at = 0; at < forMs; at += on + off) {
      yield steady(rate, Math.min(on, forMs - at))
      yield steady(rate_off, Math.min(off, Math.max(0, forMs - at - on)))
    }
  },
} as const
