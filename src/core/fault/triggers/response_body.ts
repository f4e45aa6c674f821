import { z } from 'zod'
import { size } from '../../../lib/quantity.js'

export const response_body = {
  summary: 'the head and so many bytes of the response body are on the wire',
  scope: 'request',
  effects: ['reset', 'close', 'stall', 'delay', 'throttle', 'send', 'crash'],
  schema: z.strictObject({ type: z.literal('response_body'), after: size().prefault('0B') }),
} as const
