/**
 * What one observation says, in a word: who failed, and in which manner. Both procedures read observations through it;
 * it looks at nothing but what came over the wire and how our own gateway perceived it.
 */
import { errorTypes } from '../../error_types.js'
import type { Observation } from '../observation.js'

/**
 * ok: served · credentials, overload: our own gateway refused · edge: a gateway beyond ours answered for itself ·
 * denied: a 4xx that refuses · handshake: cut, or answered with anything else than TLS, before HTTP was spoken ·
 * cut: after the request, before a response · unreached: nobody took the connection · late: no response in time ·
 * busy: the target's own 5xx · broken: a response that is not whole or not HTTP
 */
export const outcomes = [
  'ok',
  'credentials',
  'overload',
  'edge',
  'denied',
  'handshake',
  'cut',
  'unreached',
  'late',
  'busy',
  'broken',
] as const
export type Outcome = (typeof outcomes)[number]

export function outcomeOf(seen: Observation): Outcome {
  if (seen.ok) return 'ok'
  if (seen.status === 407) return 'credentials'
  if (seen.stage === 'select' || (seen.exit === '' && seen.status !== undefined)) return 'overload'
  if (seen.error !== undefined) return perceived(seen.error, seen)
  if (seen.status === undefined) return 'late'
  if (seen.status < 500) return 'denied'
  return saidByGateway(seen) ? 'edge' : 'busy'
}

/** 502 and 504 are a gateway's to say (RFC 9110 section 15.6), and so are Cloudflare's 520 to 530. */
const saidByGateway = ({ status = 0, proxy_error }: Observation): boolean =>
  status === 502 || status === 504 || (status >= 520 && status <= 530) || proxy_error !== undefined

function perceived(error: NonNullable<Observation['error']>, { stage }: Observation): Outcome {
  if (stage === 'dns' || stage === 'connect') return 'unreached'
  if (stage === 'tls') return 'handshake'
  if (error === 'connection_terminated') return 'cut'
  return /timeout/.test(error) ? 'late' : 'broken'
}

/** The status that it has at the client: what came, or what RFC 9209 recommends for the failure. */
export const statusOf = ({ status, error }: Observation): number | undefined =>
  status ?? (error && (errorTypes[error].status ?? undefined))

/** The gateway's own word for an upstream that hung up on it: RST or FIN before any byte of a response. */
export const isReset = ({ error }: Observation): boolean => error === 'connection_terminated'
