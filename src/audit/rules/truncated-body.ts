import type { Answer } from '../../clients/driver.js'
import type { Rig } from '../../rig.js'
import type { Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { callerSaw, outcomeOf, times } from '../telling.js'
import { answers, ended, faultOf, giveUp, hasFired, onApp } from '../trouble.js'

const BODY = Array.from({ length: 20 }, (_, n) => `${String(n).padStart(4, '0')};`).join('')
const HALF = 50

const cut = (path: string, effect: 'reset' | 'close', first: number) => ({
  id: path.slice(1),
  at: { type: 'response_body', after: `${HALF}B` } as const,
  effect,
  match: { path },
  first,
})

/** What becomes of a response that ends before its framing says so (RFC 9112 section 8), once or three times. */
const CASES = [
  cut('/reset', 'reset', 1),
  cut('/close', 'close', 1),
  cut('/chunked', 'close', 1),
  cut('/thrice', 'close', 3),
  cut('/resumed', 'close', 1),
]

const chunked = faultOf('framed', answers(200, { framing: 'chunked', body: BODY }), { match: { path: '/chunked' } })

/** A range that is not the one asked for, to those who ask for one: RFC 9110 section 14.4. */
const FORGED = { headers: { 'Content-Range': `bytes 60-99/${BODY.length}`, ETag: '"another"' }, body: BODY.slice(60) }
const forged = faultOf('forged', answers(206, FORGED), {
  match: { path: '/resumed', header: { range: '*' } },
  first: 1,
})

export const truncated_body = {
  summary:
    'A response that was cut is an error, or is fetched anew: its caller never gets half of it, or it twice over',
  why: 'Half a document that is taken for the whole is worse than an error: nobody will ever ask again.',
  async check(bench) {
    const lab = await bench.rig({
      hops: { app: { kind: 'origin', response: { body: BODY } } },
      faults: onApp([...CASES, chunked, forged]),
    })
    const silent = await untold(bench, lab)
    if (silent) return silent
    const evidence: string[] = []
    let repaired = 0
    for (const { id, match } of CASES) {
      const asked = await bench.ask(lab, { path: match.path })
      const answer = await ended(bench, lab, asked, 60_000)
      giveUp(bench, asked)
      evidence.push(...bench.told(bench.attempts(lab, asked)), callerSaw(answer))
      if (!hasFired(lab, id)) return inconclusive('no response was cut', evidence)
      const wrong = wrongWith(answer)
      if (wrong) return fail(`of a response cut at ${HALF} of ${BODY.length} bytes ${wrong}`, evidence)
      if (answer && !answer.error) repaired++
    }
    const told = `${times(CASES.length - repaired, 'cut response')} told as errors`
    return pass(`${told}, and ${repaired} fetched anew in full`, evidence)
  },
} as const satisfies Rule

/** Of a program that prints nothing, or more than the body, nobody can say what it took for the whole. */
async function untold(bench: Bench, lab: Rig): Promise<Finding | undefined> {
  const asked = await bench.ask(lab, { path: '/whole' })
  const answer = await ended(bench, lab, asked, 60_000)
  if (answer?.body === BODY && !answer.error) return undefined
  giveUp(bench, asked)
  const attempts = bench.attempts(lab, asked)
  const evidence = [...bench.told(attempts), callerSaw(answer)]
  if (attempts.length === 0) return inconclusive('no request reached the server', evidence)
  if (!answer || answer.error)
    return inconclusive(`of a response that was whole its caller has ${outcomeOf(answer)}`, evidence)
  const bytes = Buffer.byteLength(answer.body ?? '')
  return notApplicable(
    `it does not tell what it got: its caller has ${bytes} bytes of a body of ${BODY.length} that came whole`,
  )
}

function wrongWith(answer: Answer | undefined): string | undefined {
  if (!answer) return 'its caller was told nothing'
  const { error, body, status } = answer
  if (error || body === BODY) return undefined
  if (status !== undefined && status !== 200) return undefined
  const bytes = Buffer.byteLength(body ?? '')
  if (BODY.startsWith(body ?? '')) return `its caller got ${bytes} bytes for the whole`
  return `its caller got ${outcomeOf(answer)} and ${bytes} bytes that the server never sent as one`
}
