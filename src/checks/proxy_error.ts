/**
 * `{ proxy: lb, error: connection_terminated, stage: response_head, manner: reset, count: "= 5" }`. What is not given
 * may be anything.
 */
import { z } from 'zod'
import { errorTypeNames } from '../core/error_types.js'
import { manners, stages } from '../core/failure.js'
import type { FailureCount } from '../journal/reduce.js'
import { compared, comparison, holdsWithin, inconclusive } from './comparison.js'
import { checkKind, ofRequests, proxy } from './kind.js'

const schema = z.strictObject({
  proxy,
  error: z.enum(errorTypeNames).meta({ description: 'An error type of RFC 9209' }),
  stage: z.enum(stages).optional().meta({ description: 'The moment of the exchange in which it failed' }),
  manner: z.enum(manners).optional().meta({ description: 'How it ended: tells an RST from a FIN' }),
  details: z.string().min(1).optional().meta({ description: 'Words that its details contain' }),
  word: z.string().min(1).optional().meta({ description: 'The X-Proxy-Error that was sent with it' }),
  count: comparison('count'),
})

type ProxyError = z.output<typeof schema>

export const proxy_error = checkKind({
  summary: 'how many requests a proxy failed for that reason: answered in its own words, or cut',
  schema,
  unknown(check, stranger) {
    const { hop, name, tells } = stranger
    const { word, details, ...left } = check
    if (check.proxy !== hop) return undefined
    if (!tells.requests) return ofRequests(check, stranger)
    const lost = [
      word && !tells.proxy_status && 'X-Proxy-Error',
      details && !tells.details && 'details of ours',
    ].filter(Boolean)
    return lost.length === 0 ? undefined : { why: `${name} has no ${lost.join(' and no ')}`, left }
  },
  evaluate(check, facts) {
    const name = nameOf(check)
    const seen = facts.proxies.get(check.proxy)
    if (!seen) return inconclusive(name, check.count, 'no requests')
    const sum = (matching: FailureCount[]): number => matching.reduce((total, { count }) => total + count, 0)
    const possible = sum(seen.failures.filter((failure) => readings(failure).some((one) => fits(check, one))))
    const sure = sum(seen.failures.filter((failure) => readings(failure).every((one) => fits(check, one))))
    if (holdsWithin(check.count, sure, possible) !== undefined) return compared(name, check.count, sure)
    const reason = 'the words in its log may mean another failure as well'
    return { name, verdict: 'skipped', expected: check.count.text, actual: `${sure} to ${possible}`, reason }
  },
})

/** All that the words of a log may mean, where it was read off one. */
const readings = (failure: FailureCount): FailureCount[] => [
  failure,
  ...(failure.or ?? []).map((other) => ({ ...failure, ...other })),
]

const fits = (check: ProxyError, failure: FailureCount): boolean =>
  failure.type === check.error &&
  (check.stage === undefined || failure.stage === check.stage) &&
  (check.manner === undefined || failure.manner === check.manner) &&
  (check.details === undefined || failure.details.includes(check.details)) &&
  (check.word === undefined || failure.proxy_error === check.word)

function nameOf({ proxy, error, stage, manner, details, word }: ProxyError): string {
  const more = [
    stage && `at ${stage}`,
    manner && `by ${manner}`,
    details && `with "${details}"`,
    word && `as ${word}`,
  ].filter(Boolean)
  return [`proxy ${proxy} error ${error}`, ...more].join(' ')
}
