import { hasTimeFor, patience } from '../patience.js'
import type { BenchFault, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw, listed, times } from '../telling.js'
import { giveUp, hasFired } from '../trouble.js'

/** Node's fetch waits five minutes for a head, and as long for more of a body. */
const LONGEST_LIMIT_MS = 330_000

const broken = (told: string, n: number, fault: Pick<BenchFault, 'at' | 'effect'>) => ({
  told,
  fault: { id: `broken${n}`, ...fault, match: { path: `/${n}` }, first: 1 } satisfies BenchFault,
})

const CASES = [
  broken('a server that says nothing', 0, { at: 'request_head', effect: 'stall' }),
  broken('half a head', 1, { at: { type: 'response_head', after: '20B' }, effect: 'stall' }),
  broken('half a body', 2, { at: { type: 'response_body', after: '2B' }, effect: 'stall' }),
  broken('bytes that are not HTTP', 3, {
    at: 'request_head',
    effect: { type: 'send', text: 'SSH-2.0-OpenSSH_9.6\r\n' },
  }),
  broken('a close in the place of a response', 4, { at: 'request_head', effect: 'close' }),
  broken('a head that is closed in the middle', 5, { at: { type: 'response_head', after: '20B' }, effect: 'close' }),
]

export const settles = {
  summary: 'Whatever the server does, or does not do, the caller is told in the end',
  why: 'A call that never ends is worse than one that fails: nothing behind it ever runs, and nobody hears of it.',
  async check(bench) {
    const lab = await bench.rig({ faults: CASES.map(({ fault }) => fault) })
    const calls = []
    for (const [n, { told, fault }] of CASES.entries()) {
      calls.push({ told, fault, asked: await bench.ask(lab, { path: `/${n}` }) })
    }
    const seen = await Promise.all(
      calls.map(async ({ asked, ...one }) => ({
        ...one,
        asked,
        answer: await asked.settled(patience(bench, LONGEST_LIMIT_MS)),
      })),
    )
    const evidence = seen.map(({ told, answer }) => `${told}: ${callerSaw(answer)}`)
    for (const { asked, answer } of seen) if (!answer) giveUp(bench, asked)
    const unfired = seen.filter(({ fault }) => !hasFired(lab, fault.id))
    if (unfired.length > 0)
      return inconclusive(`${times(unfired.length, 'request')} did not reach the server`, evidence)
    const hung = seen.filter(({ answer }) => !answer).map(({ told }) => told)
    if (hung.length === 0) return pass(`its caller was told after each of ${times(CASES.length, 'trouble')}`, evidence)
    const at = `met with ${listed(hung)}`
    if (hasTimeFor(bench, LONGEST_LIMIT_MS))
      return fail(`${at} it still waited after ${LONGEST_LIMIT_MS / 1000} s`, evidence)
    return inconclusive(`${at} it still waited when the audit had waited as long as it does in real time`, evidence)
  },
} as const satisfies Rule
