import { z } from 'zod'

export const refuse = {
  summary: 'nobody listens: the kernel answers the SYN with RST',
  schema: z.strictObject({ type: z.literal('refuse') }),
} as const
