/** Caddy's retry_match: which requests are tried again once they may have reached a server. caddy.ts asks it. */
import { z } from 'zod'
import type { BalancedRequest } from '../balancers/index.js'

const method = z
  .array(z.string().regex(/^[A-Z]+$/, 'expected methods in upper case, such as GET'))
  .min(1)
  .meta({ description: 'It has one of these methods' })

const set = z.strictObject({
  method: method.optional(),
  not: z.array(z.strictObject({ method })).min(1).optional().meta({ description: 'None of these holds' }),
})

export const retryMatchSchema = z.array(set).min(1).meta({
  description:
    'Which requests are tried again once they may have reached a server, as in Caddy’s JSON: those for which all of one entry holds; GET if absent',
})

export type RetryMatch = z.output<typeof retryMatchSchema>

/** MatcherSets.AnyMatch: an entry without anything matches all. */
export const isMatched = (sets: RetryMatch, { method: asked }: Pick<BalancedRequest, 'method'>): boolean =>
  sets.some(
    ({ method, not }) => (method?.includes(asked) ?? true) && !not?.some(({ method }) => method.includes(asked)),
  )
