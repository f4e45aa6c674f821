import { formatMs } from '../../lib/units.js'
import { cameBackAfter, hangOf, isEarly, longAfter } from '../comeback.js'
import { hasTimeFor } from '../patience.js'
import type { Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { retriedTrouble } from '../trouble.js'

/** In real time there is no waiting for two minutes; caps of clients are half a minute at most. */
const LONG_S = 120
const SHORTER_S = 15
/** On a fast clock a busy machine can end an attempt by the client's own time limit, before it has read what it was told. */
const TRIES = 3

export const long_retry_after = {
  summary: 'A long Retry-After is waited for or given up on, never cut short',
  why: 'A client that comes back at its own limit, earlier than told, comes when the server had said that it could not.',
  async check(bench) {
    const seconds = hasTimeFor(bench, longAfter(LONG_S * 1000)) ? LONG_S : SHORTER_S
    const told = { status: 503, retryAfter: `${seconds}`, quietMs: longAfter(seconds * 1000) }
    let one = await cameBackAfter(bench, told)
    for (let left = TRIES - 1; left > 0 && isEarly(bench, one, seconds); left--) one = await cameBackAfter(bench, told)
    if (!one.reached) return inconclusive('no request reached the server', one.evidence)
    if (one.gapMs !== undefined) {
      const because = `told to come back after ${seconds} s, it came back in ${formatMs(one.gapMs)}`
      return isEarly(bench, one, seconds) ? fail(because, one.evidence) : pass(because, one.evidence)
    }
    const hangs = hangOf(bench, one, seconds * 1000)
    if (hangs) return hangs
    const trouble = await retriedTrouble(bench)
    if ('verdict' in trouble) return trouble
    return pass(`told to come back after ${seconds} s, it gave up instead of coming early`, one.evidence)
  },
} as const satisfies Rule
