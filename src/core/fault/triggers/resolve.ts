import { z } from 'zod'

export const resolve = {
  summary: 'somebody asks the resolver for the address of a hop by its name',
  scope: 'lookup',
  effects: ['dns', 'stall', 'delay'],
  schema: z.strictObject({ type: z.literal('resolve') }),
} as const
