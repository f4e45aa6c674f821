/**
 * A table of kinds (triggers, effects, policies, balancers, …) is the one source of the schema, the types, `list` and
 * the docs. A kind is one file named by its word; its table is the `index.ts` beside it.
 */
import { z } from 'zod'
import { suggestion } from './nearest.js'

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

/**
 * `reset` or `{ type: reset }`: the bare word stands for a kind whose every parameter has a default.
 * @param noun what the kinds of this table are, for messages
 */
export function kindSchema<Table extends KindTable>(
  table: Table,
  noun: string,
): z.ZodType<KindOf<Table>, KindInput<Table>> {
  const words = Object.keys(table)
  const needs = (word: string): string[] => requiredKeys(table[word]!.schema, word)
  const unknown = (word: unknown): string =>
    typeof word === 'string' ? `unknown ${noun} "${word}", ${suggestion(word, words)}` : expected(words)
  const objects = words.map((word) => described(table[word]!)) as [z.ZodObject, ...z.ZodObject[]]
  const object = z.discriminatedUnion('type', objects, {
    error: ({ code, input }) => (code === 'invalid_union' ? unknown((input as { type?: unknown }).type) : undefined),
  })
  const bare = words.filter((word) => needs(word).length === 0).map((word) => bareWord(word, table[word]!))
  const error: z.core.$ZodErrorMap = ({ input }) => {
    if (typeof input === 'object' && input !== null) return undefined
    if (typeof input !== 'string' || !Object.hasOwn(table, input)) return unknown(input)
    const parameters = needs(input).map((key) => `, ${key}: …`)
    return `${noun} "${input}" needs more than its name: write { type: ${input}${parameters.join('')} }`
  }
  return z.union([...bare, object], { error }) as unknown as z.ZodType<KindOf<Table>, KindInput<Table>>
}

/** A kind's schema with its summary, for the published JSON Schema. */
export const described = <Schema extends z.ZodObject>(kind: { summary: string; schema: Schema }): Schema =>
  kind.schema.meta({ description: kind.summary })

const bareWord = (word: string, { summary, schema }: Kind) =>
  z
    .literal(word)
    .meta({ description: summary })
    .transform(() => schema.parse({ type: word }))

const requiredKeys = (schema: z.ZodObject, word: string): string[] =>
  schema.safeParse({ type: word }).error?.issues.map(({ path }) => String(path[0])) ?? []

const expected = (words: readonly string[]): string => `expected one of: ${words.join(', ')}`
