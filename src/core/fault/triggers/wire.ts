import { z } from 'zod'
import { size } from '../../../lib/quantity.js'

export const wire = {
  summary: 'a chunk of bytes passes over a link, from some byte of its connection on',
  scope: 'chunk',
  effects: ['reset', 'close', 'stall', 'swallow', 'delay', 'throttle'],
  schema: z.strictObject({
    type: z.literal('wire'),
    direction: z
      .enum(['both', 'up', 'down'])
      .default('both')
      .meta({ description: 'up: towards the hop behind the link; down: back' }),
    after: size()
      .prefault('0B')
      .meta({ description: 'So many bytes of the connection pass unharmed, in that direction' }),
  }),
} as const
