import { z } from 'zod'

export const request_head = {
  summary: 'the request head was read, nothing was answered yet',
  scope: 'request',
  effects: ['reset', 'close', 'stall', 'delay', 'send', 'respond', 'crash'],
  schema: z.strictObject({ type: z.literal('request_head') }),
} as const
