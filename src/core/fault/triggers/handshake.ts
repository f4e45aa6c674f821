import { z } from 'zod'

export const handshake = {
  summary: 'the server side of the TLS handshake is about to run',
  scope: 'connection',
  effects: ['certificate', 'tls'],
  schema: z.strictObject({ type: z.literal('handshake') }),
} as const
