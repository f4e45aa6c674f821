import type { CallBody } from '../../clients/driver.js'
import type { SeenAttempt } from '../../journal/seen.js'
import { formatMs } from '../../lib/units.js'
import type { Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { callerSaw, joined, outcomeOf } from '../telling.js'
import { answers, ended, faultOf, giveUp, hasFired } from '../trouble.js'

const TEXT = Array.from({ length: 400 }, (_, n) => `piece ${n};`).join('')

/** A stream can be read once; a form is encoded anew each time. */
export const stream_body = {
  summary: 'A body that can be read only once is replayed in full, or the request is not sent again; it never hangs',
  why: 'The first attempt has read the stream. Who sends it again sends nothing, half of it, or waits for it forever.',
  needs: ['methods'],
  async check(bench) {
    const { lacks } = bench.subject
    const types = (['stream', 'form'] as const).filter((type) => lacks[type] === undefined)
    if (types.length === 0) return notApplicable(lacks.stream ?? lacks.form ?? 'it takes no such bodies')
    const findings: Finding[] = []
    for (const type of types) findings.push(await oneOf(bench, type))
    const evidence = findings.flatMap((finding) => finding.evidence)
    const worst =
      findings.find(({ verdict }) => verdict === 'fail') ?? findings.find(({ verdict }) => verdict !== 'pass')
    return worst ? { ...worst, evidence } : pass(joined(findings.map(({ because }) => because)), evidence)
  },
} as const satisfies Rule

async function oneOf(bench: Bench, type: Exclude<CallBody['type'], 'text'>): Promise<Finding> {
  const lab = await bench.rig({ faults: [faultOf('busy', { ...answers(503), at: WHOLE }, { first: 1 })] })
  const asked = await bench.ask(lab, { method: 'PUT', body: { type, text: TEXT } })
  const answer = await ended(bench, lab, asked, 60_000)
  const attempts = bench.attempts(lab, asked)
  giveUp(bench, asked)
  const lines = attempts.map((one) => `${formatMs(one.at_ms)}: a ${type}, ${one.request_bytes} bytes, ${one.outcome}`)
  const evidence = [...lines, callerSaw(answer)]
  if (!hasFired(lab, 'busy')) {
    if (answer?.error && attempts.length === 0) return notApplicable(`it takes no ${type}: ${outcomeOf(answer)}`)
    return inconclusive(`no body of a ${type} reached the server`, evidence)
  }
  const partial = attempts.slice(1).find((one) => !isWhole(type, one))
  if (partial) return fail(`it sent a ${type} again, with ${partial.request_bytes} bytes of its body`, evidence)
  if (!answer) return fail(`it hung after a 503 for a ${type}: neither sent again nor told its caller`, evidence)
  if (attempts.length > 1) return pass(`it sent a ${type} again in full`, evidence)
  return pass(`it did not send a ${type} again`, evidence)
}

/** Of a form, all but its end. */
const WHOLE = { type: 'request_body' as const, after: `${Buffer.byteLength(TEXT)}B` }

/** A form ends with its boundary and two hyphens (RFC 2046 section 5.1.1). */
const isWhole = (type: string, { body = '' }: SeenAttempt): boolean =>
  type === 'form' ? body.includes(TEXT) && body.trimEnd().endsWith('--') : body === TEXT
