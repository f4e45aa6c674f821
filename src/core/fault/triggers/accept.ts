import { z } from 'zod'

export const accept = {
  summary: 'a connection was accepted, nothing was read yet',
  scope: 'connection',
  effects: ['reset', 'close', 'stall'],
  schema: z.strictObject({ type: z.literal('accept') }),
} as const
