/**
 * Who may use a gateway: Basic credentials in Proxy-Authorization (RFC 7617, RFC 9110 section 11.7), and the session that
 * providers of exits let a user name carry (`alice-session-abc`). The live gateway asks; it knows no sockets.
 */
import { z } from 'zod'
import type { Failure } from '../failure.js'

const named = /^[^:\p{Cc}]+$/u

export const usersSchema = z
  .array(
    z.strictObject({
      name: z.string().regex(named, 'expected a name without a colon'),
      password: z.string().regex(/^\P{Cc}*$/u, 'expected no control characters'),
    }),
  )
  .superRefine((users, context) => {
    users.forEach(({ name }, index) => {
      if (users.findIndex((user) => user.name === name) === index) return
      context.addIssue({ code: 'custom', path: [index, 'name'], message: `the user "${name}" is in the list twice` })
    })
  })

export type GatewayUser = z.output<typeof usersSchema>[number]

export interface Admitted {
  /** Undefined where nobody has to say. */
  user: string | undefined
  /** The word behind `-session-`: who says it again gets the same exit. */
  session: string | undefined
}

/**
 * @param users none: everybody may use it, and a session is read all the same
 * @param header the value of Proxy-Authorization
 */
export function admit(users: readonly GatewayUser[], header: string | undefined): Admitted | Failure {
  if (users.length === 0) {
    const given = header === undefined ? undefined : readBasic(header)
    return { user: undefined, session: given && splitName(given.name, []).session }
  }
  if (header === undefined) return unauthorized('no credentials')
  const given = readBasic(header)
  if (!given) return unauthorized('credentials that are not of the Basic scheme, or not readable')
  const { name, session } = splitName(given.name, users)
  const known = users.some((user) => user.name === name && user.password === given.password)
  return known ? { user: name, session } : unauthorized('wrong credentials')
}

const unauthorized = (details: string): Failure => ({
  type: 'http_request_denied',
  stage: 'select',
  manner: 'unauthorized',
  details,
  status: 407,
})

/** The scheme's name in any case, then a token68 that is base64 of `name:password` in UTF-8 (RFC 7617 section 2). */
function readBasic(header: string): { name: string; password: string } | undefined {
  const token = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header)?.[1]
  if (token === undefined) return undefined
  try {
    const octets = Uint8Array.from(atob(token), (letter) => letter.charCodeAt(0))
    const text = new TextDecoder('utf-8', { fatal: true }).decode(octets)
    const colon = text.indexOf(':')
    return colon < 1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) }
  } catch {
    return undefined
  }
}

const MARK = '-session-'

/** A user whose own name has the mark in it is that user. */
function splitName(text: string, users: readonly GatewayUser[]): { name: string; session: string | undefined } {
  const at = text.lastIndexOf(MARK)
  const session = text.slice(at + MARK.length)
  if (at < 1 || session === '' || users.some(({ name }) => name === text)) return { name: text, session: undefined }
  return { name: text.slice(0, at), session }
}
