import { z } from 'zod'

export const client_hello = {
  summary: 'the ClientHello arrived, the handshake has not begun',
  scope: 'connection',
  effects: ['reset', 'close', 'stall', 'delay', 'send', 'alert', 'crash'],
  schema: z.strictObject({ type: z.literal('client_hello') }),
} as const
