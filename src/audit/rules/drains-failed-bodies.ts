import { monotonicMs, wait } from '../../live/clock.js'
import type { Rig } from '../../rig.js'
import type { Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { times } from '../telling.js'
import { answers, ended, faultOf, giveUp } from '../trouble.js'

const CALLS = 6

/** More than sockets and buffers on the way hold. */
const SIZE = '10MB'

/** Long after the client had what it wanted; for bodies that it reads behind its caller's back. */
const GRACE_MS = 4000

export const drains_failed_bodies = {
  summary: 'The body of a failed response is read to its end or let go, not left standing on its connection',
  why: 'A body that nobody reads keeps its connection, on both sides, until a garbage collection happens to find it.',
  async check(bench) {
    const trouble = answers(502, { size: SIZE })
    const lab = await bench.rig({ faults: [faultOf('down', trouble, { per: 'request', first: 1 })] })
    let again = 0
    for (let n = 0; n < CALLS; n++) {
      const asked = await bench.ask(lab)
      if (!(await ended(bench, lab, asked, 30_000))) giveUp(bench, asked)
      if (bench.attempts(lab, asked).some(({ status }) => status === 200)) again++
    }
    const fired = lab.fault('down').fired ?? 0
    if (fired === 0) return inconclusive('no request reached the server')
    if (again === 0) return notApplicable('it does not try again after a 502: the body is its caller’s to read')
    const since = monotonicMs()
    while (standing(lab) > 0 && monotonicMs() - since < GRACE_MS) await wait(20)
    const left = standing(lab)
    const told = `of ${times(fired, `response`)} of ${SIZE} that were no success`
    if (left > fired / 2) return fail(`${told}, ${left} still stand on their connections, neither read nor closed`)
    if (left > 0) return inconclusive(`${told}, ${left} still stand on their connections`)
    return pass(`${told}, each was read to its end or closed`)
  },
} as const satisfies Rule

/** Begun by the server, and not at an end. */
const standing = (lab: Rig): number => {
  const ended = lab.attempts().filter(({ status, outcome }) => status === 502 || outcome === 'aborted').length
  return Math.max(0, (lab.fault('down').fired ?? 0) - ended)
}
