/** What an origin answers when nothing is wrong: a hop's usual response, and what the effect `respond` sends instead. */
import { z } from 'zod'
import { size } from '../../lib/quantity.js'

export const responseSchema = z.strictObject({
  status: z.int().min(200).max(599).default(200),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional().meta({ description: 'The body as it stands' }),
  size: size().optional().meta({ description: 'A body of that size instead' }),
  framing: z
    .enum(['content-length', 'chunked', 'close'])
    .default('content-length')
    .meta({ description: 'How the end of the body is told' }),
})

export type ResponseConfig = z.output<typeof responseSchema>
