/** What a firewall does with whom a rule names: the table of actions. live/waf/ carries them out on the socket. */
import { z } from 'zod'
import { fields } from '../../lib/http_text.js'
import { duration } from '../../lib/quantity.js'
import type { KindOf } from '../../lib/registry.js'
import { alert } from '../fault/effects/alert.js'

const status = (usual: number) => z.int().min(200).max(599).default(usual)
const headers = fields()

/** With `http`, it needs a request that it can answer; with `tls`, a handshake that has not begun. */
export const actions = {
  pass: {
    summary: 'lets it through: no rule below it is asked, and no ban counts',
    schema: z.strictObject({ type: z.literal('pass') }),
  },
  reset: { summary: 'RST, without a word', schema: z.strictObject({ type: z.literal('reset') }) },
  close: { summary: 'FIN, without a word', schema: z.strictObject({ type: z.literal('close') }) },
  drop: {
    summary: 'nothing: what arrives is taken and never answered',
    schema: z.strictObject({ type: z.literal('drop') }),
  },
  alert: { ...alert, needs: 'tls' },
  garbage: {
    summary: 'bytes that are no HTTP, then FIN',
    schema: z.strictObject({
      type: z.literal('garbage'),
      text: z
        .string()
        .min(1)
        .regex(/^[\x00-\xff]*$/, 'expected characters up to U+00FF, each of which is a byte')
        .default('\x15\x03\x01 Blocked by policy\r\n')
        .meta({ description: 'The bytes, one character a byte (Latin-1)' }),
    }),
  },
  respond: {
    summary: 'a response of the firewall’s own, then FIN',
    needs: 'http',
    schema: z.strictObject({
      type: z.literal('respond'),
      status: status(403),
      headers,
      body: z.string().optional().meta({ description: 'The body; if absent, the status in words' }),
      retry_after: duration().optional().meta({ description: 'Retry-After, in whole seconds, rounded up' }),
    }),
  },
  challenge: {
    summary: 'a page that says that the browser is being checked, and sets a cookie; then FIN',
    needs: 'http',
    schema: z.strictObject({
      type: z.literal('challenge'),
      status: status(403),
      headers,
      cookie: z
        .string()
        .regex(/^[\w-]+=[\w.-]+$/, 'expected a cookie, such as cleared=1')
        .default('cleared=1')
        .meta({ description: 'The cookie that it sets: a rule with `lacks_header: cookie` asks whether it came back' }),
    }),
  },
  tarpit: {
    summary: 'keeps the peer waiting, then answers 500, or, before a handshake, closes (as HAProxy’s tarpit)',
    schema: z.strictObject({ type: z.literal('tarpit'), for: duration().prefault('10s'), status: status(500) }),
  },
} as const

export type Action = KindOf<typeof actions>
export type ActionName = keyof typeof actions

/** What an action needs: undefined where it works on any connection. */
export const needOf = (action: string): 'http' | 'tls' | undefined => {
  const kind: object | undefined = actions[action as ActionName]
  return (kind as { needs?: 'http' | 'tls' } | undefined)?.needs
}
