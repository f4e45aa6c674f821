/**
 * `{ proxy: lb, error: connection_terminated, stage: response_head, manner: reset, count: "= 5" }`. What is not given
 * may be anything.
 */
import { z } from 'zod'
import { errorTypeNames } from '../core/error_types.js'
import { manners, stages } from '../core/failure.js'
import type { FailureCount } from '../journal/reduce.js'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, proxy } from './kind.js'

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
  evaluate(check, facts) {
    const name = nameOf(check)
    const seen = facts.proxies.get(check.proxy)
    if (!seen) return inconclusive(name, check.count, 'no requests')
    const matching = seen.failures.filter((failure) => fits(check, failure))
    return compared(
      name,
      check.count,
      matching.reduce((sum, failure) => sum + failure.count, 0),
    )
  },
})

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
