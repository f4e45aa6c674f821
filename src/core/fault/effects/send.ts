import { z } from 'zod'

export const send = {
  summary: 'exactly these bytes are sent instead of what would follow, then the connection ends as `end` says',
  schema: z.strictObject({
    type: z.literal('send'),
    text: z.string().min(1).optional().meta({ description: 'The bytes as text, one character a byte (Latin-1)' }),
    hex: z
      .string()
      .regex(/^([0-9a-fA-F]{2}\s*)+$/, 'expected pairs of hexadecimal digits, such as "16 03 01"')
      .optional()
      .meta({ description: 'The bytes in hexadecimal, spaces allowed' }),
    repeat: z.int().min(1).max(1_000_000).default(1).meta({ description: 'So many times in a row' }),
    end: z
      .enum(['close', 'reset', 'stall', 'keep'])
      .default('close')
      .meta({ description: 'What becomes of the connection; keep: it takes the next request' }),
  }),
} as const
