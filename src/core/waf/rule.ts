/** Rules and bans of a firewall as a scenario writes them, and which of them need to read HTTP. */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'
import { kindSchema } from '../../lib/registry.js'
import { actions, needOf } from './actions.js'
import { conditions, unlessSchema, whenSchema } from './conditions.js'

export const ruleSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]*$/, 'expected lower-case letters, digits, - and _')
    .meta({ description: 'The name that the journal, expectations and reports use' }),
  when: whenSchema.prefault({}).meta({ description: 'All of it must hold; everything, if absent' }),
  unless: unlessSchema.optional().meta({ description: 'Not where all of this holds' }),
  action: kindSchema(actions, 'action').meta({ description: 'What happens then' }),
  from: duration()
    .prefault('0ms')
    .meta({ description: 'From when on it is there, counted from the start of the load' }),
  until: duration().optional().meta({ description: 'Until when it is there; to the end if absent' }),
})

export type Rule = z.output<typeof ruleSchema>

export const banScopes = ['fingerprint_on_address', 'address', 'subnet'] as const
export type BanScope = (typeof banScopes)[number]

export const bansSchema = z.strictObject({
  after: z.int().min(1).max(1000).default(3).meta({
    description: 'So many hits of rules make a ban; so many more while it lasts, the next wider one',
  }),
  within: duration().prefault('1m').meta({ description: 'In any time of that length' }),
  for: duration().prefault('5m').meta({ description: 'How long a ban lasts' }),
  growth: z
    .number()
    .min(1)
    .max(100)
    .default(2)
    .meta({ description: 'Each further ban of the same lasts so many times as long' }),
  widen: z
    .array(z.enum(banScopes))
    .min(1)
    .default([...banScopes])
    .refine(
      (list) =>
        list.every((scope, index) => index === 0 || banScopes.indexOf(list[index - 1]!) < banScopes.indexOf(scope)),
      `expected them from the narrowest to the widest, each once: ${banScopes.join(', ')}`,
    )
    .meta({ description: 'Whom it bans, and whom next when they go on; subnet: the /24' }),
  action: kindSchema(actions, 'action').prefault('reset').meta({ description: 'What happens to who is banned' }),
})

export type BansConfig = z.output<typeof bansSchema>

/** The keys among these that can only be told of HTTP; a rate of connections needs none. */
export function httpKeys(when: Readonly<Record<string, unknown>>): string[] {
  const of = (when.rate as { of?: unknown } | undefined)?.of
  return Object.keys(when).filter(
    (key) => conditions[key as keyof typeof conditions]?.of === 'request' && !(key === 'rate' && of === 'connections'),
  )
}

/** Whether it can only be judged, or acted on, when a request was read. */
export const needsRequest = ({ when, unless = {}, action }: Rule): boolean =>
  httpKeys(when).length > 0 || httpKeys(unless).length > 0 || needOf(action.type) === 'http'
