/** What a kind of check is, and the keys that several kinds share. */
import { z } from 'zod'
import type { Facts } from '../journal/reduce.js'
import type { CheckResult } from '../journal/result.js'
import type { Tells } from '../proxies/driver.js'

/** A kind is told by its keys: no other kind takes the same ones. */
export interface CheckKind<Schema extends z.ZodObject = z.ZodObject> {
  readonly summary: string
  readonly schema: Schema
  evaluate(check: z.output<Schema>, facts: Facts): CheckResult
  /** Of what it asks for, what nobody can know with a stranger in the path; undefined: it can all be judged. */
  unknown?(check: z.output<Schema>, stranger: Stranger): Unknown<z.output<Schema>> | undefined
}

/** A proxy that is not the rig's own, and what can be known of it. */
export interface Stranger {
  /** As reports name it: `nginx 1.22.1`. */
  name: string
  /** The hop whose place it has. */
  hop: string
  tells: Tells
  /** The scenario has the words of another product for its log. */
  ownWords?: true | undefined
  /** The clients whose requests pass it. */
  clients: readonly string[]
  /** Faults that nobody can tell of. */
  untold: readonly string[]
}

export interface Unknown<Check> {
  why: string
  /** The rest of it, to be judged all the same. */
  left?: Check
}

/** Gives `evaluate` the type of what its schema parses to. */
export const checkKind = <Schema extends z.ZodObject>(kind: CheckKind<Schema>): CheckKind<Schema> => kind

/** For checks of what a proxy makes of its requests. */
export const ofRequests = (
  { proxy }: { proxy: string },
  { hop, name, tells }: Stranger,
): { why: string } | undefined =>
  proxy === hop && !tells.requests ? { why: `${name} tells nothing of its requests` } : undefined

/** For checks of what Proxy-Status told a client. */
export const ofProxyStatus = ({ client }: { client: string }, stranger: Stranger): { why: string } | undefined =>
  stranger.clients.includes(client) && !stranger.tells.proxy_status
    ? { why: `${stranger.name} sends no Proxy-Status` }
    : undefined

export const client = z.string().meta({ description: 'The name of a client' })
export const proxy = z.string().meta({ description: 'The name of a proxy' })
export const gateway = z.string().meta({ description: 'The name of a gateway' })
export const server = z.string().meta({ description: 'The name of a server of the proxy' })
export const waf = z.string().meta({ description: 'The name of a firewall' })
export const origin = z.string().meta({ description: 'The name of an origin' })
export const status = z.int().min(100).max(599).meta({ description: 'A status code' })

/** Of a count by word; words may be those of any object's own methods, so they are asked for as keys. */
export const countOf = (counts: Record<string, number>, word: string): number =>
  Object.hasOwn(counts, word) ? counts[word]! : 0
