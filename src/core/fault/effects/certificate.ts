import { z } from 'zod'

/** What can be wrong with the certificate that a server shows. */
export const certificateKinds = ['expired', 'not_yet_valid', 'wrong_host', 'untrusted', 'missing_intermediate'] as const
export type CertificateKind = (typeof certificateKinds)[number]

export const certificate = {
  summary:
    'the server shows a certificate that is wrong in one way: expired, not_yet_valid, wrong_host, untrusted, missing_intermediate',
  schema: z.strictObject({ type: z.literal('certificate'), kind: z.enum(certificateKinds) }),
} as const
