/** `{ log: lb, contains: "Connection reset by peer", count: ">= 1" }` */
import { z } from 'zod'
import { comparison } from './comparison.js'
import { containing } from './containing.js'
import { checkKind } from './kind.js'

export const log_contains = checkKind({
  summary: 'how many lines of a hop’s log contain that text',
  schema: z.strictObject({
    log: z.string().meta({ description: 'The name of the hop that writes the log' }),
    contains: z.string().min(1).meta({ description: 'The text, in the case in which the product writes it' }),
    count: comparison('count').prefault('>= 1'),
  }),
  unknown({ log }, { hop, name, tells, ownWords }) {
    if (log !== hop) return undefined
    if (!tells.log) return { why: `the log of ${name} is not the rig’s to read` }
    return ownWords && { why: `the log of ${name} has words of its own` }
  },
  evaluate(check, facts) {
    const name = `log ${check.log} contains "${check.contains}"`
    const log = facts.logs.get(check.log) ?? { lines: new Map(), others: 0 }
    return containing(name, check.count, log, (line) => line.includes(check.contains))
  },
})
