import type { SeenAttempt } from '../../journal/seen.js'
import { wait } from '../../live/clock.js'
import type { Ask, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { times } from '../telling.js'
import { answers, ended, faultOf, giveUp, reset, untilSeen } from '../trouble.js'

const at = (path: string) => ({ match: { path } })
const FAULTS = [
  faultOf('reset', reset, at('/reset')),
  faultOf('busy', answers(503), at('/busy')),
  faultOf('cut', { told: '', at: { type: 'response_body', after: '1B' }, effect: 'reset' }, at('/cut')),
  faultOf('silent', { told: '', at: 'request_head', effect: 'stall' }, at('/silent')),
]

/** Node ends a process over an unhandled rejection (since 15). */
export const no_unhandled_rejections = {
  summary: 'No error escapes: whatever goes wrong is told to the caller, and to nobody else',
  why: 'A rejection that nobody handles ends the whole process of Node, for one request that failed.',
  async check(bench) {
    const client = await bench.client()
    const lab = await bench.rig({ faults: FAULTS })
    const { lacks } = bench.subject
    const put: Ask = { method: 'PUT', body: { type: 'text', text: 'new' } }
    const asks: Ask[] = ['/reset', '/busy', '/cut'].map((path) => ({ path }))
    if (lacks.methods === undefined) asks.push(...asks.map((ask) => ({ ...ask, ...put })))
    if (lacks.methods === undefined && lacks.stream === undefined) {
      asks.push({ path: '/busy', method: 'PUT', body: { type: 'stream', text: 'piece' } })
    }
    const calls = await Promise.all(asks.map((ask) => bench.ask(lab, ask)))
    await Promise.all(calls.map((asked) => ended(bench, lab, asked, 10_000)))
    for (const asked of calls) giveUp(bench, asked)
    if (lacks.abort === undefined) {
      for (const path of ['/silent', '/busy']) {
        const asked = await bench.ask(lab, { path })
        await untilSeen(bench, lab, asked, 1)
        asked.abort()
        calls.push(asked)
        await ended(bench, lab, asked, 10_000)
      }
    }
    if (lab.attempts().length === 0) return inconclusive('no request reached the server')
    const met = calls.filter((asked) => bench.attempts(lab, asked).some(isTrouble)).length
    if (met === 0) return inconclusive(`none of ${times(calls.length, 'call')} met its trouble`)
    // An error that nobody handles is told a turn later, and by another process.
    await wait(50)
    await ended(bench, lab, await bench.ask(lab), 10_000)
    const troubles = client.troubles
    if (troubles.length > 0) return fail(`${times(troubles.length, 'error')} escaped: ${troubles[0]}`, [...troubles])
    return pass(`of ${times(calls.length, 'call')} ${met} met their trouble, and no error escaped`)
  },
} as const satisfies Rule

/** Whether the server did with it what a fault says. */
const isTrouble = ({ status, outcome }: SeenAttempt): boolean => status !== 200 || outcome !== 'answered'
