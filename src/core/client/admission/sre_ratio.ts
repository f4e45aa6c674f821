import { z } from 'zod'
import { duration, share } from '../../../lib/quantity.js'
import { type AdmissionState, isExtra } from './admission.js'
import { createWindow } from './window.js'

const schema = z.strictObject({
  type: z.literal('sre_ratio'),
  share: share().prefault('10%').meta({ description: 'Retries only while they are less than this of all attempts' }),
  window: duration().prefault('2m').meta({ description: 'So long an attempt counts' }),
})

/** The retry budget per client of Google's Site Reliability Engineering (2016), chapter 21. */
export const sre_ratio = {
  summary: 'retries only while they are less than a share of what the client sent in the last minutes',
  schema,
  create({ share, window }: z.output<typeof schema>): AdmissionState {
    const sent = createWindow(window, 60)
    const retries = createWindow(window, 60)
    return {
      judge: (ask) => ({ admit: !isExtra(ask) || retries.sum(ask.now_ms) < share * sent.sum(ask.now_ms) }),
      granted(ask) {
        sent.add(ask.now_ms, 1)
        if (isExtra(ask)) retries.add(ask.now_ms, 1)
      },
      ended() {},
    }
  },
} as const
