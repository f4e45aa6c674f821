import { z } from 'zod'

export const close = {
  summary: 'the TCP connection ends with FIN, then what still arrives is read until the peer closes too',
  schema: z.strictObject({ type: z.literal('close') }),
} as const
