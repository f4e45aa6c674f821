/** The table of dialects: how a proxy says what went wrong. A product is one file or folder, and one line here. */
import type { Dialect } from './dialect.js'
import { nginx } from './nginx/index.js'
import { rfc9209 } from './rfc9209.js'

export const dialects = { rfc9209, nginx } as const satisfies Record<string, Dialect>

export type DialectName = keyof typeof dialects

export const dialectNames = Object.keys(dialects) as DialectName[]
