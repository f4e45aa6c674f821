import { z } from 'zod'

export const accept = {
  summary: 'a connection was accepted, nothing was read yet',
  scope: 'connection',
  effects: ['reset', 'close', 'stall', 'delay', 'send', 'crash'],
  schema: z.strictObject({ type: z.literal('accept') }),
} as const
