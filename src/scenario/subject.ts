/** Of a scenario's clients, the one whose answers show the cause: read off its expectations, whoever stands in the path. */
import { holds } from '../checks/comparison.js'
import type { Scenario } from './schema.js'

/**
 * @param among those whose requests pass the hop that is looked at, in the order of the file
 * @returns the first of which a failure is expected, else the first
 */
export function subjectOf({ expect }: Pick<Scenario, 'expect'>, among: readonly string[]): string | undefined {
  return among.find((client) => expect.some((check) => isFailureOf(client, check))) ?? among[0]
}

/** Metrics that are above nothing where requests failed. */
const FAILURES = ['gave_up', 'truncated']

function isFailureOf(client: string, check: Scenario['expect'][number]): boolean {
  if (!('client' in check) || check.client !== client) return false
  if ('metric' in check) return FAILURES.includes(check.metric) && !holds(check.is, 0)
  if ('truncated' in check) return !holds(check.truncated, 0)
  if ('status' in check) return check.status >= 400 && !holds(check.count, 0)
  return 'error' in check && !holds(check.count, 0)
}
