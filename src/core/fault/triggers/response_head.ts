import { z } from 'zod'
import { size } from '../../../lib/quantity.js'

export const response_head = {
  summary: 'so many bytes of the response head are on the wire',
  scope: 'request',
  effects: ['reset', 'close', 'stall', 'delay', 'throttle', 'send', 'crash'],
  schema: z.strictObject({ type: z.literal('response_head'), after: size().prefault('0B') }),
} as const
