/** Operations that must not happen twice: what became of one POST at a server that did its work. Two rules ask. */
import type { Rig } from '../rig.js'
import type { Asked, Bench, Finding } from './rule.js'
import { fail, pass } from './rule.js'
import { times } from './telling.js'

/** The server cannot know a repetition by anything but a key that is the same each time. */
export function judgeApplied(bench: Bench, lab: Rig, asked: Asked, trouble: string): Finding {
  const attempts = bench.attempts(lab, asked)
  const keys = lab.operations()
  const evidence = [
    ...bench.told(attempts),
    ...keys.map(({ key, asked: n }) => `Idempotency-Key ${key.slice(0, 60)}: asked for ${times(n, 'time')}`),
  ]
  if (attempts.length <= 1) return pass(`it sent the POST once, and not again after ${trouble}`, evidence)
  if (keys.length === 1 && keys[0]!.asked === attempts.length) {
    return pass(`it sent the POST ${times(attempts.length, 'time')} with one Idempotency-Key`, evidence)
  }
  const how = keys.length === 0 ? 'without an Idempotency-Key' : 'with more than one Idempotency-Key, or not always one'
  return fail(`after ${trouble} it sent the POST again, ${times(attempts.length, 'time')} in all, ${how}`, evidence)
}

export const ORDER = { method: 'POST', body: { type: 'text', text: '{"amount":5}' } } as const
