import { z } from 'zod'
import { answer, type Decision } from './strategy.js'

export const none = {
  summary: 'every failure is answered as it is',
  schema: z.strictObject({ type: z.literal('none') }),
  decide: (): Decision => answer('not_evaluated'),
} as const
