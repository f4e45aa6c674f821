/**
 * A table of kinds (triggers, effects, policies, balancers, …) is the one source of the schema, the types, `list` and
 * the docs. A kind is one file named by its word; its table is the `index.ts` beside it.
 */
import { z } from 'zod'

export interface Kind {
  /** One line for help, docs and page. */
  readonly summary: string
  /** A strict object whose `type` is the kind's own word. */
  readonly schema: z.ZodObject
}

export type KindTable = Readonly<Record<string, Kind>>

/** What a table's kinds parse to: a union discriminated by `type`. */
export type KindOf<Table extends KindTable> = z.output<Table[keyof Table]['schema']>

/** What people write for a kind: the bare word, or the object before its defaults. */
export type KindInput<Table extends KindTable> = Extract<keyof Table, string> | z.input<Table[keyof Table]['schema']>

/** `reset` or `{ type: reset }`: the bare word stands for a kind whose every parameter has a default. */
export function kindSchema<Table extends KindTable>(table: Table): z.ZodType<KindOf<Table>, KindInput<Table>> {
  const names = Object.keys(table)
  const bare = names.filter((name) => table[name]!.schema.safeParse({ type: name }).success)
  const objects = names.map((name) => table[name]!.schema) as [z.ZodObject, ...z.ZodObject[]]
  const full = z.discriminatedUnion('type', objects)
  if (bare.length === 0) return full as unknown as z.ZodType<KindOf<Table>, KindInput<Table>>
  const word = z.enum(bare).transform((name) => table[name]!.schema.parse({ type: name }))
  return z.union([word, full]) as unknown as z.ZodType<KindOf<Table>, KindInput<Table>>
}
