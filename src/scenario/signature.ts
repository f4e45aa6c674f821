/**
 * How a scenario says that it ends: the statuses, error types, words and log texts that its expectations demand.
 * `badgateway explain` finds scenarios by it, and the table of causes shows it. What a run really gave is not here.
 */
import { holds } from '../checks/comparison.js'
import type { Fault } from '../core/fault/fault.js'
import type { Scenario } from './schema.js'

export interface Signature {
  /** What goes wrong, as `request_head → reset`; empty where settings are the cause. */
  faults: string[]
  statuses: number[]
  /** Error types of RFC 9209. */
  types: string[]
  stages: string[]
  /** X-Proxy-Error. */
  words: string[]
  /** Parts of lines in a proxy's error log. */
  logs: string[]
  /** A response is cut after its status was sent. */
  cut: boolean
}

/** Each list in the order of the file and without repetitions. What is expected not to occur is left out. */
export function signatureOf({ faults, expect }: Pick<Scenario, 'faults' | 'expect'>): Signature {
  const found = { statuses: [] as number[], types: [] as string[], stages: [] as string[], words: [] as string[] }
  const logs: string[] = []
  let cut = false
  for (const check of expect) {
    if (!demanded(check)) continue
    if ('status' in check) found.statuses.push(check.status)
    if ('error' in check) found.types.push(check.error)
    if ('stage' in check && check.stage) found.stages.push(check.stage)
    if ('word' in check && check.word) found.words.push(check.word)
    if ('contains' in check) logs.push(check.contains)
    cut ||= 'cut' in check || 'truncated' in check
  }
  return {
    faults: unique(faults.map(faultWords)),
    statuses: unique(found.statuses),
    types: unique(found.types),
    stages: unique(found.stages),
    words: unique(found.words),
    logs: unique(logs),
    cut,
  }
}

type Check = Scenario['expect'][number]

/** A count of none would not satisfy it. */
const demanded = (check: Check): boolean =>
  !['count' in check && check.count, 'cut' in check && check.cut, 'truncated' in check && check.truncated].some(
    (count) => count && holds(count, 0),
  )

/** Parameters that tell kinds of one effect apart; bytes and durations would only make it long. */
const TELLING = ['kind', 'answer', 'id', 'status'] as const

function faultWords({ at, effect }: Fault): string {
  const parameters = effect as Partial<Record<(typeof TELLING)[number], string | number>>
  const told = TELLING.flatMap((key) => (parameters[key] === undefined ? [] : [String(parameters[key])]))
  return `${at.type} → ${effect.type}${told.length > 0 ? ` (${told.join(', ')})` : ''}`
}

const unique = <Item>(items: Item[]): Item[] => [...new Set(items)]
