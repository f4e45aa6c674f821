import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { bearing } from '../bearing.js'
import type { AdmissionState, Ask } from './admission.js'
import { createWindow } from './window.js'

const schema = z.strictObject({
  type: z.literal('sre_throttling'),
  k: z.number().min(1).max(1000).default(2).meta({ description: 'Asks for so many times what the server accepts' }),
  window: duration().prefault('2m').meta({ description: 'So long an attempt counts' }),
})

/**
 * Client-side throttling of Google's Site Reliability Engineering (2016), chapter 21. Attempts that it refused count as
 * requests. Accepted is what the server answered for: a success, or a 4xx that is the request's own fault.
 */
export const sre_throttling = {
  summary: 'any attempt is refused with the probability (requests - k x accepted) / (requests + 1) of the last minutes',
  schema,
  create({ k, window }: z.output<typeof schema>): AdmissionState {
    const requests = createWindow(window, 60)
    const accepted = createWindow(window, 60)
    const count = ({ now_ms }: Ask) => requests.add(now_ms, 1)
    return {
      judge({ now_ms, draw }) {
        const asked = requests.sum(now_ms)
        return { admit: draw >= (asked - k * accepted.sum(now_ms)) / (asked + 1) }
      },
      granted: count,
      refused: count,
      ended(end) {
        const bears = bearing(end)
        if (bears === 'success' || bears === 'refusal') accepted.add(end.now_ms, 1)
      },
    }
  },
} as const
