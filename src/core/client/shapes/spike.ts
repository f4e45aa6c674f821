import { z } from 'zod'
import { duration, rate } from '../../../lib/quantity.js'
import { type Piece, steady } from './shape.js'

const schema = z.strictObject({
  type: z.literal('spike'),
  rate: rate().meta({ description: 'The rate before and behind it' }),
  peak: rate().meta({ description: 'The rate while it lasts' }),
  at: duration().meta({ description: 'When it begins, counted from the start of the load' }),
  lasts: duration().meta({ description: 'How long it lasts' }),
})

/** The load shape of "Simple collapse" (Brooker, ICPE 2025) and of the triggers in "Metastable Failures" (HotOS '21). */
export const spike = {
  summary: 'one rate, but for a while another one',
  schema,
  pieces: ({ rate, peak, at, lasts }: z.output<typeof schema>, forMs: number): Piece[] => [
    steady(rate, Math.min(at, forMs)),
    steady(peak, Math.min(lasts, Math.max(0, forMs - at))),
    steady(rate, Math.max(0, forMs - at - lasts)),
  ],
} as const
