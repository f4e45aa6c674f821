import { z } from 'zod'
import { size } from '../../../lib/quantity.js'

export const request_body = {
  summary: 'so many bytes of the request body were read',
  scope: 'request',
  effects: ['reset', 'close', 'stall', 'delay', 'throttle', 'send', 'respond', 'crash'],
  schema: z.strictObject({ type: z.literal('request_body'), after: size().prefault('0B') }),
} as const
