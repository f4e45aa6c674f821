/**
 * What each library does when nothing is set, as a section of docs/audit.md: the expectations of
 * test/clients/defaults.test.ts, which measures them on real sockets. audit.mjs calls it.
 */
import { statuses as asked, published, methods as ways } from '../.built/test/clients/published_defaults.js'
import { cell, table } from '../dist/audit/reports/markdown.js'

export const defaultsSection = () => [
  '## What each does when nothing is set',
  `Measured by \`test/clients/defaults.test.ts\`, beside what was read in the source of the version in the second column. Statuses are those of
${asked.length} from 400 to 524 after which a GET is sent again, methods those whose 502 is. fetch refuses to send TRACE. A library that wraps a function tries again
after whatever that throws: its driver throws for a status that is no success, as its documentation does.`,
  table(
    ['library', 'read', 'attempts', 'waits', 'statuses', 'methods', 'after a reset', 'otherwise than read'],
    Object.entries(published).map(row),
  ),
]

function row([name, { version, differs = {}, ...read }]) {
  const measured = { ...read }
  for (const [fact, one] of Object.entries(differs)) measured[fact] = one.measured
  const { attempts, waits, statuses, withRetryAfter, methods, reset } = measured
  const only = withRetryAfter.length > 0 ? `; ${withRetryAfter.join(', ')} with Retry-After` : ''
  const reasons = [...new Set(Object.values(differs).map(({ because }) => because))].filter(
    (reason) => !reason.startsWith('see '),
  )
  return [
    name,
    version,
    attempts,
    waitsOf(waits),
    listOf(statuses, asked) + only,
    listOf(methods, ways),
    listOf(reset, ways),
    reasons.join('; '),
  ].map((value) => cell(String(value)))
}

function listOf(some, all) {
  if (some.length === 0) return 'none'
  const missing = all.filter((one) => !some.includes(one))
  if (missing.length === 0) return 'all'
  if (missing.length === 1) return `all but ${missing[0]}`
  const fives = all.filter((one) => one >= 500)
  if (fives.length === 0 || missing.some((one) => one >= 500)) return some.join(', ')
  return [...some.filter((one) => one < 500), 'all 5xx'].join(', ')
}

/** `1, 2, 4 s`; those after the fourth are told by the last. */
function waitsOf(waits) {
  if (waits.length === 0) return 'none'
  const told = waits.map(([least, most]) => (least === most ? `${least}` : `${least} to ${most}`))
  const some = told.length > 5 ? [...told.slice(0, 4), '…', told.at(-1)] : told
  return `${some.join(', ')} ms`
}
