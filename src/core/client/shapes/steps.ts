import { z } from 'zod'
import { rate } from '../../../lib/quantity.js'
import { type Piece, steady } from './shape.js'

const schema = z.strictObject({
  type: z.literal('steps'),
  rates: z
    .array(rate())
    .min(1)
    .max(1000)
    .meta({ description: 'One after the other, each for an equal part of the load' }),
})

export const steps = {
  summary: 'one rate after the other, each for as long',
  schema,
  pieces: ({ rates }: z.output<typeof schema>, forMs: number): Piece[] =>
    rates.map((rate) => steady(rate, forMs / rates.length)),
} as const
