import { patience } from '../patience.js'
import type { Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { times } from '../telling.js'
import { answers, faultOf, giveUp } from '../trouble.js'

/** Each proxy asks two servers, and each of those is one. */
const FACTOR = 4
const MOST = 16

const proxy = (to: string[]) => ({ kind: 'proxy' as const, to, next_upstream: ['error' as const, 'http_503' as const] })
const failing = (on: string) => ({ on, ...faultOf(`${on}_down`, answers(503)) })

/** Site Reliability Engineering (Google, 2016), chapters 21 and 22: three attempts a request, and layers that multiply. */
export const stacked_attempts = {
  summary: `Behind two layers of proxies that try twice each, one call is at most ${MOST} attempts at the servers`,
  why: 'Attempts of layers multiply. Many attempts of a client are as many times what all layers below it make of one.',
  async check(bench) {
    const lab = await bench.rig({
      hops: {
        app1: { kind: 'origin' },
        app2: { kind: 'origin' },
        inner1: proxy(['app1', 'app2']),
        inner2: proxy(['app1', 'app2']),
        edge: proxy(['inner1', 'inner2']),
      },
      faults: [failing('app1'), failing('app2')],
    })
    const asked = await bench.ask(lab)
    const count = (): number => bench.attempts(lab, asked).length
    const over = (): boolean => count() > MOST / FACTOR
    await Promise.race([asked.settled(patience(bench, 60_000)), lab.until(over)])
    giveUp(bench, asked)
    const made = bench.attempts(lab, asked)
    const leaves = lab.attemptsAt('app1').length + lab.attemptsAt('app2').length
    if (made.length === 0) return inconclusive('no request reached the proxy')
    if (made.length === 1) return notApplicable('it does not try again after a 503')
    const evidence = bench.told(made)
    const told = `${times(made.length, 'attempt')} at the edge were ${leaves} at the servers`
    return over() ? fail(`${told}, with more to come`, evidence) : pass(told, evidence)
  },
} as const satisfies Rule
