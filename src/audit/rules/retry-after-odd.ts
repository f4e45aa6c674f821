import { type Comeback, cameBackAfter } from '../comeback.js'
import type { Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { times } from '../telling.js'

/** 0 is valid, and means now; the others are none of the two forms that there are (RFC 9110 section 10.2.3). */
const VALUES = ['0', '-1', '1.5', 'soon', '3, 120']

export const retry_after_odd = {
  summary: 'A Retry-After of 0, or one that nobody can read, does not keep it from trying again',
  why: 'Read as a number, such a value is NaN or negative: a timer that rings at once, or a call that never ends.',
  async check(bench) {
    const plain = await cameBackAfter(bench, { status: 503, quietMs: 30_000 })
    if (!plain.reached) return inconclusive('no request reached the server', plain.evidence)
    if (plain.gapMs === undefined) return notApplicable('it does not try again after a 503')
    const evidence: string[] = []
    for (const value of VALUES) {
      const one = await cameBackAfter(bench, { status: 503, retryAfter: value, quietMs: 30_000 })
      evidence.push(...one.evidence)
      const wrong = oddityOf(one)
      if (wrong) return fail(`after a ${one.told} ${wrong}`, evidence)
    }
    const unreal = (await bench.client()).delays()?.find(({ ms }) => Number.isNaN(ms) || ms < 0)
    if (unreal) return fail(`it asked its clock for a wait of ${unreal.ms} ms`, evidence)
    return pass(`it tried again after each of ${times(VALUES.length, 'odd value')}`, evidence)
  },
} as const satisfies Rule

function oddityOf({ gapMs, settled, good }: Comeback): string | undefined {
  if (!settled) return gapMs === undefined ? 'it neither tried again nor told its caller' : 'its caller has no answer'
  if (gapMs === undefined) return 'it did not try again, as it does without'
  return good ? undefined : 'its caller did not get the answer that was there'
}
