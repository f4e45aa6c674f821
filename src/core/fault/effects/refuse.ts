import { z } from 'zod'

export const refuse = {
  summary: 'nobody listens: the kernel answers the SYN with RST',
  schema: z.strictObject({
    type: z.literal('refuse'),
    socket_file: z.enum(['left', 'gone']).optional().meta({
      description: 'Of a unix socket: left behind by a process that was killed, or gone with one that ended in order',
    }),
  }),
} as const
