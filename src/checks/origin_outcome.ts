/** `{ origin: app, outcome: shed, count: "= 3" }`: what became of requests at the origin itself, whatever others believe. */
import { z } from 'zod'
import { servedOutcomes } from '../journal/events.js'
import { compared, comparison } from './comparison.js'
import { checkKind, origin } from './kind.js'

export const origin_outcome = checkKind({
  summary: 'how many requests ended so at an origin: answered, faulted, aborted, wasted, shed, refused',
  schema: z.strictObject({
    origin,
    outcome: z.enum(servedOutcomes).meta({ description: 'How a request ended at the origin' }),
    count: comparison('count'),
  }),
  evaluate: (check, facts) =>
    compared(
      `origin ${check.origin} ${check.outcome}`,
      check.count,
      facts.origins.get(check.origin)?.outcomes.get(check.outcome) ?? 0,
    ),
})
