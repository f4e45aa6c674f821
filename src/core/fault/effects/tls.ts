import { z } from 'zod'

const version = z.enum(['TLSv1.2', 'TLSv1.3'])

/** What of TLS a side speaks; what is absent is as OpenSSL has it. */
export const tlsOptions = {
  min_version: version.optional(),
  max_version: version.optional(),
  ciphers: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'In the words of OpenSSL, such as ECDHE-ECDSA-AES128-GCM-SHA256' }),
}

export const tls = {
  summary: 'the server speaks another TLS: versions, ciphers, or it demands a certificate of its client',
  schema: z.strictObject({
    type: z.literal('tls'),
    ...tlsOptions,
    client_certificate: z.literal('required').optional(),
  }),
} as const
