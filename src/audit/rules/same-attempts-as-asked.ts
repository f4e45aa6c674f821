import type { Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw, listed, times } from '../telling.js'
import { ended, faultOf, giveUp, retriedTrouble } from '../trouble.js'

/** Who waits longer than that between two attempts is not waited for: as many as there were then are compared. */
const QUIET_MS = 20_000
const AT_ONCE = 3

export const same_attempts_as_asked = {
  summary: 'Each call that fails makes as many attempts as the one before, alone or beside others',
  why: 'Where calls share the count, the first use up what was meant for all, and later ones fail at the first trouble.',
  async check(bench) {
    const trouble = await retriedTrouble(bench)
    if ('verdict' in trouble) return trouble
    const lab = await bench.rig({ faults: [faultOf('always', trouble)] })
    const counts: number[] = []
    const evidence: string[] = []
    const together = bench.subject.lacks.many === undefined ? AT_ONCE : 1
    for (const atOnce of [1, 1, together]) {
      const calls = await Promise.all(Array.from({ length: atOnce }, () => bench.ask(lab)))
      const answers = await Promise.all(calls.map((asked) => ended(bench, lab, asked, QUIET_MS)))
      for (const [n, asked] of calls.entries()) {
        const made = bench.attempts(lab, asked).length
        counts.push(made)
        evidence.push(`${times(made, 'attempt')}${atOnce > 1 ? ' beside others' : ''}, ${callerSaw(answers[n])}`)
        giveUp(bench, asked)
      }
    }
    if (counts.some((count) => count === 0)) return inconclusive('a call did not reach the server', evidence)
    const different = [...new Set(counts)]
    if (different.length > 1) return fail(`calls made ${listed(counts.map(String))} attempts`, evidence)
    return pass(`each of ${times(counts.length, 'call')} made ${times(counts[0]!, 'attempt')}`, evidence)
  },
} as const satisfies Rule
