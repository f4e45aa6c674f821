import { z } from 'zod'
import { healthCheckKeys } from './health_check.js'

export const tls = {
  summary: 'passed when the TLS handshake is done, and the certificate accepted as for requests',
  schema: z.strictObject({ type: z.literal('tls'), ...healthCheckKeys }),
  scheme: 'https',
} as const
