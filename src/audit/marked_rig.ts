/**
 * A rig in front of which a program stands: it is known by the path that each of its calls has of its own
 * (clients/program/telling.ts). The bench makes one, so that rules ask by path and by request id as they do of any client.
 */
import { markedPattern, unmarked } from '../clients/program/telling.js'
import { type AttemptFilter, type SeenAttempt, selected } from '../journal/seen.js'
import type { Rig, RigInput } from '../rig.js'

/** Faults that want a path want it with an id in it. */
export function forMarkedPaths(input: RigInput): RigInput {
  const faults = input.faults?.map((fault) => {
    const path = fault.match?.path
    return path === undefined ? fault : { ...fault, match: { ...fault.match, path: markedPattern(path) } }
  })
  return faults ? { ...input, faults } : input
}

/** The same rig; what servers saw is told with the paths that were asked for, and the ids of the calls. */
export function withoutMarks(lab: Rig): Rig {
  const own: Pick<Rig, 'attempts' | 'attemptsAt'> = {
    attempts: (filter) => told(lab.attempts(), filter),
    attemptsAt: (hop, filter) => told(lab.attemptsAt(hop), filter),
  }
  return Object.assign(Object.create(lab) as Rig, own)
}

function told(seen: readonly SeenAttempt[], filter: AttemptFilter = {}): SeenAttempt[] {
  const plain = seen.map((one) => {
    const { id, path } = unmarked(one.path) ?? { id: one.requestId, path: one.path }
    return { ...one, requestId: id, path }
  })
  return selected(plain, filter)
}
