import { z } from 'zod'
import { healthCheckKeys } from './health_check.js'

export const tcp = {
  summary: 'passed when the connection is there: the kernel may answer for a server that hangs',
  schema: z.strictObject({ type: z.literal('tcp'), ...healthCheckKeys }),
  scheme: 'http',
} as const
