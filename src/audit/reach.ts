/**
 * Whether a program's requests arrive at all, asked before any rule is: of one that asks somebody else, nothing can be said.
 * audit.ts calls it.
 */
import type { Subject } from '../clients/driver.js'
import { createBench } from './bench.js'
import { type Finding, inconclusive } from './rule.js'

/** A runtime that starts slowly is there by then. */
const REACH_LIMIT_MS = 20_000

export interface ReachOptions {
  seed?: number | undefined
  /** In real milliseconds; never longer than it takes by itself. */
  limitMs?: number | undefined
  signal?: AbortSignal | undefined
}

/** What is to be said of every rule; undefined where a request of it arrived, and for clients that are called by us. */
export async function unreached(
  subject: Subject,
  { seed = 1, limitMs = REACH_LIMIT_MS, signal }: ReachOptions,
): Promise<Finding | undefined> {
  if (subject.unseen === undefined) return undefined
  const bench = createBench(subject, 'reach', seed)
  try {
    const lab = await bench.rig({ faults: [] })
    const asked = await bench.ask(lab)
    const arrived = (): boolean => bench.attempts(lab, asked).length > 0
    const patience = Math.min(limitMs, REACH_LIMIT_MS)
    const answer = await Promise.race([
      asked.settled(patience),
      lab.until(arrived).catch(() => {}),
      interrupted(signal),
    ])
    if (arrived() || signal?.aborted) return undefined
    const strangers = lab.attempts()
    const what =
      strangers.length === 0 ? 'No request of it arrived' : 'Requests arrived, but none for the URL of the call'
    const still = `it was still running after ${patience / 1000} s`
    const end = answer ? (answer.error?.message ?? 'its call ended without an error') : still
    return inconclusive(`${what}: ${end}. ${subject.unseen}`, [
      ...bench.told(strangers),
      ...bench.notes.map((note) => `the client: ${note}`),
    ])
  } finally {
    await bench.close()
  }
}

const interrupted = (signal: AbortSignal | undefined): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve(undefined)
    signal?.addEventListener('abort', () => resolve(undefined), { once: true })
  })
