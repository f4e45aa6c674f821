import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'

export const idle = {
  summary: 'a kept-alive connection has waited so long for its next request',
  scope: 'connection',
  effects: ['reset', 'close', 'send', 'crash'],
  schema: z.strictObject({ type: z.literal('idle'), after: duration().prefault('0ms') }),
} as const
