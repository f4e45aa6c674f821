import { patience } from '../patience.js'
import type { Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { callerSaw, isGood, outcomeOf } from '../telling.js'
import { hasFired } from '../trouble.js'

/** RFC 9112 section 9.3.1 and RFC 9110 section 9.2.2: a client may repeat such a request by itself. */
export const idle_close_race = {
  summary: 'A GET on a kept connection that the server closes at that moment is sent again on a new one',
  why: 'Servers close idle connections when they please; the request that crosses it was never read, and fails for nothing.',
  async check(bench) {
    const lab = await bench.rig({
      faults: [{ id: 'crossed', at: 'request_head', effect: 'close', match: { ordinal: 2 }, first: 1 }],
    })
    const first = await bench.ask(lab)
    const well = await first.settled(patience(bench, 30_000))
    if (!isGood(well)) return inconclusive('its first call, with which nothing was wrong, failed', [callerSaw(well)])
    const second = await bench.ask(lab)
    const answer = await second.settled(patience(bench, 60_000))
    const attempts = bench.attempts(lab, second)
    const evidence = [...bench.told(bench.attempts(lab, first)), ...bench.told(attempts), callerSaw(answer)]
    if (!hasFired(lab, 'crossed')) return notApplicable('it opens a new connection for each call')
    if (!isGood(answer)) return fail(`it did not try again: its caller has ${outcomeOf(answer)}`, evidence)
    return pass('the kept connection was closed under its request, and it sent that again on a new one', evidence)
  },
} as const satisfies Rule
