import { z } from 'zod'
import { leavesVersion, serverTlsShape } from '../../tls.js'

const words = Object.keys(serverTlsShape)

export const tls = {
  summary:
    'the server speaks another TLS than it is configured for: versions, ciphers, or a client certificate demanded',
  schema: z
    .strictObject({ type: z.literal('tls'), ...serverTlsShape })
    .refine((effect) => words.some((word) => word in effect), {
      message: `expected at least one of ${words.join(', ')}`,
      path: [words[0]!],
    })
    .refine(...leavesVersion),
} as const
