/**
 * What a rule of a firewall asks for: the table of conditions, each with what it needs to have read. Rates are counted
 * by guard.ts, which holds the state; all others are looked at here.
 */
import { z } from 'zod'
import { token } from '../../lib/http_text.js'
import { duration } from '../../lib/quantity.js'
import { like } from '../pattern.js'
import { type TlsProfileName, tlsProfileName } from '../tls_profiles.js'
import { headersOf, isIn, isNetwork, keyOf, type Visit } from './visit.js'
import { Windows } from './window.js'

/** JA4 of each TLS profile, as it is on this machine. */
export type ProfileHashes = Readonly<Record<TlsProfileName, string>>

interface Condition<Schema extends z.ZodType> {
  summary: string
  /** `connection`: known as soon as somebody has begun to speak; `request`: only of HTTP that can be read. */
  of: 'connection' | 'request'
  schema: Schema
  /** Absent for those that count. */
  holds?(wanted: z.output<Schema>, visit: Visit, profiles: ProfileHashes): boolean
}

const condition = <Schema extends z.ZodType>(one: Condition<Schema>): Condition<Schema> => one

/** One, or a list of which any will do. */
const anyOf = <Schema extends z.ZodType<string>>(one: Schema) =>
  z.union([one.transform((value) => [value]), z.array(one).min(1)])

const patterns = anyOf(z.string().min(1))
const likeAny = (wanted: readonly string[], value: string | undefined): boolean =>
  wanted.some((pattern) => like(pattern.toLowerCase(), value?.toLowerCase()))

const ja3 = z.string().regex(/^[0-9a-f]{32}$/, 'expected a JA3: 32 hexadecimal digits in lower case')
const ja4 = z
  .string()
  .regex(
    /^([tqd]\d\d[di]\d{4}[a-z0-9]{2}_[0-9a-f]{12}_[0-9a-f]{12}|[a-z0-9_]*\*[a-z0-9_*]*)$/,
    'expected a JA4, such as t13d1516h2_8daaf6152771_e5627efa2ab1, or a part of one with * for the rest',
  )
const network = z
  .string()
  .refine(isNetwork, 'expected a network, such as 127.11.1.0/24, with no bit set behind its prefix')
const headerName = token('the name of a header').transform((name) => name.toLowerCase())

const limit = {
  over: z.int().min(1).max(10_000).meta({ description: 'So many are allowed' }),
  within: duration()
    .refine((ms) => ms > 0, 'expected more than 0ms')
    .meta({ description: 'In any time of that length' }),
  by: z
    .enum(['address', 'fingerprint', 'fingerprint_on_address', 'subnet', 'all'])
    .default('address')
    .meta({ description: 'Whose are counted together; subnet: those of a /24' }),
}

export const conditions = {
  ja3: condition({
    summary: 'JA3 of the ClientHello',
    of: 'connection',
    schema: anyOf(ja3),
    holds: (wanted, { hello }) => hello !== undefined && wanted.includes(hello.ja3),
  }),
  ja4: condition({
    summary: 'JA4 of the ClientHello; * stands for any characters',
    of: 'connection',
    schema: anyOf(ja4),
    holds: (wanted, { hello }) => likeAny(wanted, hello?.ja4),
  }),
  profile: condition({
    summary: 'a TLS profile of this tool, by its JA4 on this machine (`badgateway list profiles`)',
    of: 'connection',
    schema: anyOf(tlsProfileName) as unknown as z.ZodType<TlsProfileName[], TlsProfileName | TlsProfileName[]>,
    holds: (wanted, { hello }, profiles) => wanted.some((name) => profiles[name] === hello?.ja4),
  }),
  sni: condition({
    summary: 'the server name in the ClientHello; * stands for any characters',
    of: 'connection',
    schema: patterns,
    holds: (wanted, { hello }) => likeAny(wanted, hello?.sni),
  }),
  alpn: condition({
    summary: 'a protocol that the ClientHello offers (ALPN), or none for one that offers nothing',
    of: 'connection',
    schema: patterns,
    holds: (wanted, { hello }) =>
      hello !== undefined &&
      (hello.alpn.length === 0 ? wanted.includes('none') : hello.alpn.some((word) => wanted.includes(word))),
  }),
  network: condition({
    summary: 'the network that the connection comes from, such as 127.11.1.0/24',
    of: 'connection',
    schema: anyOf(network),
    holds: (wanted, { address }) => wanted.some((one) => isIn(one, address)),
  }),
  method: condition({
    summary: 'the request method',
    of: 'request',
    schema: patterns,
    holds: (wanted, { request }) => likeAny(wanted, request?.method),
  }),
  path: condition({
    summary: 'the request target with its query; * stands for any characters',
    of: 'request',
    schema: patterns,
    holds: (wanted, { request }) => wanted.some((pattern) => like(pattern, request?.path)),
  }),
  user_agent: condition({
    summary: 'the User-Agent, upper and lower case alike; * stands for any characters',
    of: 'request',
    schema: patterns,
    holds: (wanted, { request }) =>
      request !== undefined && headersOf(request, 'user-agent').some((value) => likeAny(wanted, value)),
  }),
  has_header: condition({
    summary: 'headers that must all be there',
    of: 'request',
    schema: anyOf(headerName),
    holds: (wanted, { request }) =>
      request !== undefined && wanted.every((name) => headersOf(request, name).length > 0),
  }),
  lacks_header: condition({
    summary: 'headers of which at least one is not there',
    of: 'request',
    schema: anyOf(headerName),
    holds: (wanted, { request }) =>
      request !== undefined && wanted.some((name) => headersOf(request, name).length === 0),
  }),
  header: condition({
    summary: 'headers with their values; * stands for any characters',
    of: 'request',
    schema: z.record(headerName, z.string().min(1)),
    holds: (wanted, { request }) =>
      request !== undefined &&
      Object.entries(wanted).every(([name, pattern]) => headersOf(request, name).some((value) => like(pattern, value))),
  }),
  header_order: condition({
    summary: 'headers that come in that order, as far as they are there; more may come between them',
    of: 'request',
    schema: z.array(headerName).min(2),
    holds: (wanted, { request }) => request !== undefined && isInOrder(wanted, request.headers),
  }),
  rate: condition({
    summary: 'more requests, or connections, than so many in any time of that length',
    of: 'request',
    schema: z.strictObject({
      ...limit,
      of: z
        .enum(['requests', 'connections'])
        .default('requests')
        .meta({ description: 'What is counted; connections can be counted where HTTP can’t be read' }),
    }),
  }),
  repeated: condition({
    summary: 'more requests for the same target than so many in any time of that length',
    of: 'request',
    schema: z.strictObject(limit),
  }),
}

type Conditions = typeof conditions
type Shape = { [Key in keyof Conditions]: z.ZodOptional<Conditions[Key]['schema']> }

const shape = Object.fromEntries(
  Object.entries(conditions).map(([key, { schema, summary }]) => [
    key,
    schema.optional().meta({ description: summary }),
  ]),
) as unknown as Shape

export const whenSchema = z.strictObject(shape)
export type When = z.output<typeof whenSchema>

/** What counts can't be an exception: it would count what the rule does not. */
export const unlessSchema = whenSchema.omit({ rate: true, repeated: true })

/** All that do not count. */
export function holds(when: When, visit: Visit, profiles: ProfileHashes): boolean {
  return Object.entries(when).every(([key, wanted]) => {
    const one: Condition<z.ZodType> = conditions[key as keyof Conditions] as never
    return wanted === undefined || one.holds === undefined || one.holds(wanted, visit, profiles)
  })
}

/** The counters of one rule. */
export class Counters {
  private readonly rate: Windows | undefined
  private readonly repeated: Windows | undefined

  constructor(private readonly when: When) {
    this.rate = when.rate && new Windows(when.rate.over, when.rate.within)
    this.repeated = when.repeated && new Windows(when.repeated.over, when.repeated.within)
  }

  /** Counts one that matches all else, and says whether it is too many. */
  areOver(visit: Visit, nowMs: number): boolean {
    const { rate, repeated } = this.when
    const tooFast = !this.rate || this.rate.isOver(keyOf(rate!.by, visit), nowMs)
    const again = !this.repeated || this.repeated.isOver(`${keyOf(repeated!.by, visit)} ${visit.request?.path}`, nowMs)
    return tooFast && again
  }
}

/** The words, each of them as far as it is there, in that order. */
function isInOrder(wanted: readonly string[], headers: readonly (readonly [string, string])[]): boolean {
  const names = headers.map(([name]) => name.toLowerCase())
  const places = wanted.map((name) => names.indexOf(name)).filter((place) => place >= 0)
  return places.every((place, index) => index === 0 || places[index - 1]! < place)
}
