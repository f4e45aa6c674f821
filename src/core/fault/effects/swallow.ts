import { z } from 'zod'
import { size } from '../../../lib/quantity.js'

export const swallow = {
  summary: 'the first chunk over a size and everything behind it vanish, as in an MTU black hole',
  schema: z.strictObject({ type: z.literal('swallow'), over: size().prefault('1460B') }),
} as const
