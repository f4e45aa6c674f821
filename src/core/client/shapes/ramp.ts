import { z } from 'zod'
import { rate } from '../../../lib/quantity.js'
import type { Piece } from './shape.js'

const schema = z.strictObject({
  type: z.literal('ramp'),
  from: rate().meta({ description: 'The rate at the begin' }),
  to: rate().meta({ description: 'The rate at the end' }),
})

export const ramp = {
  summary: 'the rate grows or falls evenly, from the begin of the load to its end',
  schema,
  pieces: ({ from, to }: z.output<typeof schema>, forMs: number): Piece[] => [{ lasts_ms: forMs, from, to }],
} as const
