import { formatMs } from '../../lib/units.js'
import { cameBackAfter, hangOf, longAfter, waitedFor } from '../comeback.js'
import { leastGap } from '../patience.js'
import type { Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { callerSaw, joined } from '../telling.js'
import { answers, faultOf, giveUp, untilSeen } from '../trouble.js'

/** RFC 9110 section 5.6.7: senders write the first; a recipient has to understand all three. */
const FORMS: readonly { name: string; write(at: Date): string }[] = [
  { name: 'IMF-fixdate', write: (at) => at.toUTCString() },
  { name: 'RFC 850', write: rfc850 },
  { name: 'asctime', write: asctime },
]

/** How far ahead the date is when the rig is opened; farther where the machine took that long. */
const AHEAD_MS = [20_000, 120_000]
const AHEAD_REAL_MS = 3000

export const retry_after_date = {
  summary:
    'A Retry-After that is a date, in each of the three forms, is waited for or given up on, and one that is past does not hang it',
  why: 'Servers that know when they will be back, after a deploy for one, say the hour.',
  async check(bench) {
    const plain = await cameBackAfter(bench, { status: 503, quietMs: 30_000 })
    if (!plain.reached) return inconclusive('no request reached the server', plain.evidence)
    if (plain.gapMs === undefined) return notApplicable('it does not try again after a 503')
    const findings: Finding[] = []
    for (const form of FORMS) findings.push(await dated(bench, form))
    findings.push(await past(bench))
    const evidence = findings.flatMap((finding) => finding.evidence)
    const worst = (['fail', 'inconclusive'] as const)
      .map((verdict) => findings.find((finding) => finding.verdict === verdict))
      .find((finding) => finding !== undefined)
    if (worst) return { ...worst, evidence }
    return pass(joined(findings.map(({ because }) => because)), evidence)
  },
} as const satisfies Rule

async function dated(bench: Bench, form: (typeof FORMS)[number]): Promise<Finding> {
  const leads = bench.subject.timeScale < 10 ? [AHEAD_REAL_MS, 2 * AHEAD_REAL_MS] : AHEAD_MS
  for (const lead of leads) {
    const finding = await withDate(bench, form, lead)
    if (finding) return finding
  }
  return inconclusive(`this machine was too slow for a date that is ${leads.at(-1)! / 1000} s ahead`)
}

/** Undefined where the date was past, or nearly, when the client read it. */
async function withDate(
  bench: Bench,
  { name, write }: (typeof FORMS)[number],
  lead: number,
): Promise<Finding | undefined> {
  const client = await bench.client()
  const due = Math.ceil((client.now() + lead) / 1000) * 1000
  const date = write(new Date(due))
  const trouble = answers(503, { headers: { 'Retry-After': date } })
  const lab = await bench.rig({ faults: [faultOf('asks', trouble, { first: 1 })] })
  const asked = await bench.ask(lab)
  await untilSeen(bench, lab, asked, 1)
  // The first attempt was before that, so the second one is no later on the client's clock than this and the gap.
  const read = client.now()
  if (read > due - lead / 2) {
    giveUp(bench, asked)
    return undefined
  }
  const toWait = due - read
  const { answer, waitedMs } = await waitedFor(bench, lab, asked, longAfter(toWait))
  const attempts = bench.attempts(lab, asked)
  giveUp(bench, asked)
  const evidence = [...bench.told(attempts), `Retry-After: ${date}, ${formatMs(toWait)} ahead: ${callerSaw(answer)}`]
  const gapMs = attempts[1]?.gap_ms ?? undefined
  const settled = answer !== undefined
  if (gapMs === undefined) {
    const told = `503 with a date of ${name} that was ${formatMs(toWait)} ahead`
    const hangs = hangOf(bench, { told, gapMs, settled, waitedMs, evidence }, toWait)
    return hangs ?? pass(`it gave up instead of coming before a date of ${name}`, evidence)
  }
  const because = `told by a date of ${name} to wait ${formatMs(toWait)}, it came back ${formatMs(gapMs)} later`
  return read + gapMs < leastGap(bench, due) ? fail(because, evidence) : pass(because, evidence)
}

async function past(bench: Bench): Promise<Finding> {
  const date = new Date((await bench.client()).now() - 3_600_000).toUTCString()
  const one = await cameBackAfter(bench, { status: 503, retryAfter: date, quietMs: 30_000 })
  if (one.gapMs !== undefined && one.good) return pass('it tried again after a date that is past', one.evidence)
  return fail('after a date that is past its caller did not get the answer that was there', one.evidence)
}

const two = (n: number): string => String(n).padStart(2, '0')
const time = (at: Date): string => [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(':')
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const monthOf = (at: Date): string => at.toUTCString().slice(8, 11)

function rfc850(at: Date): string {
  const year = two(at.getUTCFullYear() % 100)
  return `${DAYS[at.getUTCDay()]}, ${two(at.getUTCDate())}-${monthOf(at)}-${year} ${time(at)} GMT`
}

function asctime(at: Date): string {
  const day = String(at.getUTCDate()).padStart(2, ' ')
  return `${DAYS[at.getUTCDay()]!.slice(0, 3)} ${monthOf(at)} ${day} ${time(at)} ${at.getUTCFullYear()}`
}
