/** What a kind of check is, and the keys that several kinds share. */
import { z } from 'zod'
import type { Facts } from '../journal/reduce.js'
import type { CheckResult } from '../journal/result.js'

/** A kind is told by its keys: no other kind takes the same ones. */
export interface CheckKind<Schema extends z.ZodObject = z.ZodObject> {
  readonly summary: string
  readonly schema: Schema
  evaluate(check: z.output<Schema>, facts: Facts): CheckResult
}

/** Gives `evaluate` the type of what its schema parses to. */
export const checkKind = <Schema extends z.ZodObject>(kind: CheckKind<Schema>): CheckKind<Schema> => kind

export const client = z.string().meta({ description: 'The name of a client' })
export const proxy = z.string().meta({ description: 'The name of a proxy' })
export const server = z.string().meta({ description: 'The name of a server of the proxy' })
export const origin = z.string().meta({ description: 'The name of an origin' })
export const status = z.int().min(100).max(599).meta({ description: 'A status code' })

/** Of a count by word; words may be those of any object's own methods, so they are asked for as keys. */
export const countOf = (counts: Record<string, number>, word: string): number =>
  Object.hasOwn(counts, word) ? counts[word]! : 0
