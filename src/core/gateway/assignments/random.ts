import { z } from 'zod'
import { type Assignment, atDraw } from './assignment.js'

export const random = {
  summary: 'any exit, by weight',
  schema: z.strictObject({ type: z.literal('random') }),
  create: (): Assignment => ({ choose: (candidates, { draw }) => atDraw(candidates, draw, ({ weight }) => weight) }),
} as const
