import { z } from 'zod'
import { type Assignment, atDraw } from './assignment.js'

export const health_weighted = {
  summary: 'any exit, by its weight times how well it went through it lately',
  schema: z.strictObject({ type: z.literal('health_weighted') }),
  create: (): Assignment => ({
    choose: (candidates, { draw, health }) => atDraw(candidates, draw, (exit) => exit.weight * health(exit)),
  }),
} as const
