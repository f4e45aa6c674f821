/** How a client goes through a gateway: in which form it asks, with which credentials, and in which session. */
import { z } from 'zod'

const sessionWord = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'expected a word of letters, digits, ".", "-" and "_"')

export const throughSchema = z.strictObject({
  gateway: z.string().meta({ description: 'The gateway' }),
  form: z.enum(['connect', 'absolute']).default('connect').meta({
    description:
      'Ask for a tunnel, in which it speaks with the destination itself; or name the whole URL, which the gateway then asks for, in TLS where the destination speaks it',
  }),
  user: z
    .string()
    // RFC 7617 section 2.
    .regex(/^[^:\p{Cc}]+$/u, 'expected a name without a colon')
    .optional()
    .meta({ description: 'The user of Basic credentials; none are sent if absent' }),
  password: z
    .string()
    .regex(/^\P{Cc}*$/u, 'expected no control characters')
    .optional()
    .meta({ description: 'Of that user; empty if absent' }),
  authorization: z
    .string()
    .regex(/^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/, 'expected the value of a field of HTTP')
    .optional()
    .meta({ description: 'The value of Proxy-Authorization as it stands, instead of user and password' }),
  session: z
    .union([sessionWord, z.strictObject({ per: z.enum(['request', 'attempt', 'instance']) })])
    .default('none')
    .meta({
      description:
        'What the gateway is to keep one exit for: it is told behind the name, as in alice-session-abc. none, one for all, or one each',
    }),
  scheme: z
    .enum(['http', 'https'])
    .default('http')
    .meta({ description: 'What it speaks to the gateway, whatever the destination speaks' }),
  host: z
    .string()
    .regex(/^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/, 'expected an address of 127.0.0.0/8, such as 127.0.0.9')
    .optional()
    .meta({ description: 'Another address than the gateway’s' }),
  port: z
    .union([z.int().min(1).max(65535), z.string()])
    .optional()
    .meta({ description: 'Another port than the gateway’s: a number, or the hop that listens there' }),
})

export type Through = z.output<typeof throughSchema>
