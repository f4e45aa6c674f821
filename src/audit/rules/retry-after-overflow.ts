import { formatMs } from '../../lib/units.js'
import { type Comeback, cameBackAfter } from '../comeback.js'
import { leastGap } from '../patience.js'
import type { Bench, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { listed } from '../telling.js'

/** More milliseconds than a timer of Node takes: a longer one is made one of 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647

/** Just over that; the time of day in seconds since 1970, which servers send by mistake; ten years; more than a number holds. */
const VALUES = ['2147484', '1767225600', '315360000', '99999999999999999999']

/** RFC 9110 section 10.2.3. */
export const retry_after_overflow = {
  summary: 'A Retry-After of weeks or years is never turned into no wait at all',
  why: 'A delay over 2147483647 ms becomes one of 1 ms in Node: the client that was told to stay away comes at once.',
  async check(bench) {
    const plain = await cameBackAfter(bench, { status: 503, retryAfter: '3', quietMs: 30_000 })
    if (!plain.reached) return inconclusive('no request reached the server', plain.evidence)
    if (plain.gapMs === undefined) return notApplicable('it does not try again after a 503 with Retry-After: 3')
    if (plain.gapMs < leastGap(bench, 3000)) return notApplicable('it does not heed Retry-After at all')
    const seen: { value: string; one: Comeback }[] = []
    for (const value of VALUES) {
      const one = await cameBackAfter(bench, { status: 503, retryAfter: value, quietMs: 20_000 })
      seen.push({ value, one })
    }
    const evidence = seen.flatMap(({ one }) => one.evidence)
    const early = seen.find(({ one }) => one.gapMs !== undefined && one.gapMs < leastGap(bench, 3000))
    if (early) {
      return fail(`told to come back in ${early.value} s, it came back in ${formatMs(early.one.gapMs!)}`, evidence)
    }
    const over = await tooLong(bench)
    if (over !== undefined) return fail(`it asked for a timer of ${over} ms, which Node makes one of 1 ms`, evidence)
    return pass(`told to come back in ${listed(VALUES)} s, it did not come back at once`, evidence)
  },
} as const satisfies Rule

async function tooLong(bench: Bench): Promise<number | undefined> {
  const delays = (await bench.client()).delays() ?? []
  return delays.map(({ ms }) => ms).find((ms) => ms > LONGEST_TIMER_MS)
}
