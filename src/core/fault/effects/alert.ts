import { z } from 'zod'
import { alertIds } from '../../tls.js'

export const alert = {
  summary: 'a fatal TLS alert is sent instead of the handshake, then the connection is closed',
  schema: z.strictObject({
    type: z.literal('alert'),
    id: z.literal(alertIds).default(40).meta({ description: 'The number of the alert (RFC 8446 section 6)' }),
  }),
} as const
