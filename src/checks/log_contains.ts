/** `{ log: lb, contains: "Connection reset by peer", count: ">= 1" }` */
import { z } from 'zod'
import { compared, comparison, holdsWithin, inconclusive } from './comparison.js'
import { checkKind } from './kind.js'

export const log_contains = checkKind({
  summary: 'how many lines of a hop’s log contain that text',
  schema: z.strictObject({
    log: z.string().meta({ description: 'The name of the hop that writes the log' }),
    contains: z.string().min(1).meta({ description: 'The text, in the case in which the product writes it' }),
    count: comparison('count').prefault('>= 1'),
  }),
  evaluate(check, facts) {
    const name = `log ${check.log} contains "${check.contains}"`
    const { lines = new Map<string, number>(), others = 0 } = facts.logs.get(check.log) ?? {}
    let count = 0
    for (const [line, times] of lines) if (line.includes(check.contains)) count += times
    if (holdsWithin(check.count, count, count + others) === undefined) {
      return inconclusive(name, check.count, `${count} in the lines that were kept; ${others} were not`)
    }
    return compared(name, check.count, count)
  },
})
