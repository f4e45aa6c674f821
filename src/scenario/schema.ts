/**
 * The scenario file as one strict schema, put together from the tables of kinds. The types, the published JSON Schema
 * and the messages all come from here; what no schema can say (names that must exist, loops) is in references.ts.
 */
import { z } from 'zod'
import { checkSchema } from '../checks/index.js'
import { faultSchema } from '../core/fault/fault.js'
import type { Problem } from '../lib/errors.js'
import { duration, share } from '../lib/quantity.js'
import { clientSchema } from './clients.js'
import { hopSchema } from './hops.js'

export const NAME = /^[a-z][a-z0-9_-]*$/
const name = z.string().regex(NAME, 'expected lower-case letters, digits, - and _, a letter first')
/** What stands in a line of reports. */
const line = () => z.string().refine((text) => !/\p{Cc}/u.test(text), 'expected one line, without control characters')

const recoverySchema = z
  .strictObject({
    hold: duration()
      .refine((ms) => ms >= 100, 'expected 100ms or more: it is told in steps of 100 ms')
      .prefault('1s')
      .meta({ description: 'How long it must last. OSDI 2022 (Metastable Failures in the Wild) waits for 30 s' }),
    goodput: share()
      .prefault('95%')
      .meta({ description: 'Requests that end well, of those that are offered in the same time' }),
    from: duration()
      .optional()
      .meta({ description: 'Since the load’s start, from when on; the last time a fault took effect if absent' }),
  })
  .meta({ description: 'When a client has recovered from what went wrong, for recovery_ms' })

export const scenarioSchema = z.strictObject({
  $schema: z.string().optional(),
  // Files of a run are named after it.
  id: name
    .max(100, 'expected at most 100 characters')
    .meta({ description: 'The name of the scenario, unique among the files that run together' }),
  title: line().min(1).meta({ description: 'What happens, in one sentence' }),
  tags: z.array(z.union([line(), z.int().transform(String)])).default([]),
  sources: z.array(line()).default([]).meta({ description: 'Where the cause is documented: keys of docs/sources.md' }),
  seed: z.int().min(0).default(1).meta({ description: 'Fixes every draw; --seed overrides it' }),
  time_limit: duration()
    .prefault('60s')
    .meta({ description: 'A run that takes longer is an error; with in_turn, a turn' }),
  hops: z.record(name, hopSchema).meta({ description: 'The elements of the path, by name' }),
  clients: z.record(name, clientSchema).default({}).meta({ description: 'Who sends requests, by name' }),
  faults: z.array(faultSchema).default([]).meta({ description: 'What goes wrong, where and when' }),
  control: z
    .strictObject({
      hops: z.record(z.string(), z.unknown()).optional(),
      clients: z.record(z.string(), z.unknown()).optional(),
    })
    .optional()
    .meta({ description: 'A patch (RFC 7396) that takes the cause away, where no fault is it: then nothing passes' }),
  in_turn: z.boolean().default(false).meta({
    description:
      'Each client has the path to itself, one after the other: for each, hops start anew with the same seed, and windows count from its own start',
  }),
  max_lag: duration().optional().meta({
    description:
      'How late four timers in a row may be together, about as many turns as a request takes, for it to be judged: on a machine that is busier it is inconclusive',
  }),
  recovery: recoverySchema.prefault({}),
  alone: z
    .boolean()
    .default(false)
    .meta({ description: 'Loads the machine, or depends on its time: nothing else runs beside it' }),
  expect: z.array(checkSchema).default([]).meta({ description: 'What must hold for a pass' }),
  about: z
    .string()
    .refine((text) => !/[^\P{Cc}\n\t]/u.test(text), 'expected text without control characters')
    .optional()
    .meta({ description: 'What to look for, how the layer at fault is told, the usual fix' }),
})

export type Scenario = Omit<z.output<typeof scenarioSchema>, '$schema' | 'control'> & {
  /** The same path without the cause. */
  control?: Scenario
  /** What of its nginx configurations has no meaning here: to be shown, not to be corrected. */
  notes?: readonly Problem[]
}
/** As a program or a file writes it, before defaults. */
export type ScenarioInput = z.input<typeof scenarioSchema>
