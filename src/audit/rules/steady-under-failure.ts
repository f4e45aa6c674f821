import { patience } from '../patience.js'
import type { Bench, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { times } from '../telling.js'
import { answers, faultOf, giveUp } from '../trouble.js'

const WAVES = 4
const CALLS = 50

/** Between the second and the last wave, of a hundred calls that failed twice: one of two bodies, kept for each. */
const MORE_SOCKETS = 20
const MORE_TIMERS = 20
/** So many calls at once may have a connection each, and some timers; a pool grows to that when it happens to. */
const FAIR_SOCKETS = CALLS
const FAIR_TIMERS = 2 * CALLS
const KEPT_BYTES = 64 * 1024
const MORE_BYTES = CALLS * 2 * KEPT_BYTES

export const steady_under_failure = {
  summary: 'Calls that fail leave nothing behind: connections, timers and memory do not grow with their number',
  why: 'An outage of ten minutes is thousands of failures. What each leaves behind takes down the client as well.',
  alone: true,
  async check(bench) {
    const client = await bench.client()
    if (!(await client.state())) return notApplicable('nobody can tell what it has open')
    const trouble = answers(502, { size: '64KB' })
    const lab = await bench.rig({ faults: [faultOf('down', trouble, { per: 'request', first: 2 })] })
    const states: State[] = []
    for (let n = 0; n < WAVES; n++) {
      if (!(await wave(bench, lab))) return inconclusive('calls that failed did not end')
      states.push((await client.state())!)
    }
    if (lab.attempts().length === 0) return inconclusive('no request reached the server')
    const evidence = states.map(
      ({ sockets, timers, heapBytes }, n) =>
        `after ${(n + 1) * CALLS} calls: ${times(sockets, 'connection')}, ${times(timers, 'timer')}, ${Math.round(heapBytes / 1024)} KB`,
    )
    const grown = grownIn(states)
    const calls = `between call ${2 * CALLS} and call ${WAVES * CALLS}`
    if (grown) return fail(`${calls} it kept ${grown}`, evidence)
    return pass(`${calls}, each of which failed twice, neither connections nor timers nor memory grew`, evidence)
  },
} as const satisfies Rule

type State = { sockets: number; timers: number; heapBytes: number }

async function wave(bench: Bench, lab: Awaited<ReturnType<Bench['rig']>>): Promise<boolean> {
  const many = bench.subject.lacks.many === undefined
  for (let n = 0; n < CALLS; n += many ? CALLS : 1) {
    const calls = await Promise.all(Array.from({ length: many ? CALLS : 1 }, () => bench.ask(lab)))
    const answers = await Promise.all(calls.map((asked) => asked.settled(patience(bench, 60_000))))
    for (const [i, answer] of answers.entries()) if (!answer) giveUp(bench, calls[i]!)
    if (answers.includes(undefined)) return false
  }
  return true
}

/** The first wave opens what the client keeps for all. */
function grownIn(states: readonly State[]): string | undefined {
  const [, early, between, late] = states as [State, State, State, State]
  const grew = (key: keyof State, more: number, fair = 0): number | undefined => {
    const steadily = between[key] > early[key] && late[key] > between[key]
    return steadily && late[key] > fair && late[key] - early[key] >= more ? late[key] - early[key] : undefined
  }
  const sockets = grew('sockets', MORE_SOCKETS, FAIR_SOCKETS)
  if (sockets !== undefined) return `${times(sockets, 'more connection')} open`
  const timers = grew('timers', MORE_TIMERS, FAIR_TIMERS)
  if (timers !== undefined) return times(timers, 'more timer')
  const bytes = grew('heapBytes', MORE_BYTES)
  return bytes === undefined ? undefined : `${Math.round(bytes / 1024)} KB more memory`
}
