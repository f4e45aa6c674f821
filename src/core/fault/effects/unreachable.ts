import { z } from 'zod'

export const unreachable = {
  summary: 'there is no route to the address: the kernel says so at once, no packet leaves',
  schema: z.strictObject({ type: z.literal('unreachable') }),
} as const
