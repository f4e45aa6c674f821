import { z } from 'zod'

/** All of them at once in memory. */
const MAX_BYTES = 64 * 1024 * 1024

export const send = {
  summary: 'exactly these bytes are sent instead of what would follow, then the connection ends as `end` says',
  schema: z
    .strictObject({
      type: z.literal('send'),
      text: z
        .string()
        .min(1)
        .regex(/^[\x00-\xff]*$/, 'expected characters up to U+00FF, each of which is a byte: write other bytes in hex')
        .optional()
        .meta({ description: 'The bytes as text, one character a byte (Latin-1)' }),
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
    })
    .superRefine(({ text, hex, repeat }, context) => {
      const given = text ?? hex?.replace(/\s/g, '')
      if (given === undefined) {
        context.addIssue({ code: 'custom', path: ['text'], message: 'expected text or hex: the bytes to send' })
      } else if (text !== undefined && hex !== undefined) {
        context.addIssue({ code: 'custom', path: ['hex'], message: 'send takes text or hex, not both' })
      } else if ((given.length / (text === undefined ? 2 : 1)) * repeat > MAX_BYTES) {
        context.addIssue({ code: 'custom', path: ['repeat'], message: 'expected at most 64 MB to send in all' })
      }
    }),
} as const
