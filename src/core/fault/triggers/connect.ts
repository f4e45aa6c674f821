import { z } from 'zod'

export const connect = {
  summary: 'the state of an address when somebody dials it',
  scope: 'address',
  effects: ['refuse', 'blackhole', 'unreachable'],
  schema: z.strictObject({ type: z.literal('connect') }),
} as const
