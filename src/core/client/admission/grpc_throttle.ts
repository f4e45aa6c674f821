import { z } from 'zod'
import { bearing } from '../bearing.js'
import { type AdmissionState, isExtra, thousandths } from './admission.js'

const schema = z.strictObject({
  type: z.literal('grpc_throttle'),
  max_tokens: z.int().min(1).max(1000).default(10).meta({ description: 'Tokens it holds, and starts with' }),
  token_ratio: z.number().min(0.001).max(1000).default(0.1).meta({ description: 'Tokens put in by each success' }),
})

/** gRPC's retry throttling (gRFC A6): the loss of an attempt costs a token, whether or not anything is tried again. */
export const grpc_throttle = {
  summary:
    'a failed attempt takes a token, a success puts in a part of one; no retries while half of them or fewer are left',
  schema,
  create({ max_tokens, token_ratio }: z.output<typeof schema>): AdmissionState {
    const full = thousandths(max_tokens)
    const gain = Math.trunc(token_ratio * 1000)
    let tokens = full
    return {
      judge: (ask) => ({ admit: !isExtra(ask) || tokens > full / 2 }),
      granted() {},
      ended(end) {
        const bears = bearing(end)
        if (bears === 'failure') tokens = Math.max(0, tokens - 1000)
        if (bears === 'success') tokens = Math.min(full, tokens + gain)
      },
    }
  },
} as const
