/**
 * Where a client of a gateway wants to go: the authority of a CONNECT (RFC 9110 section 9.3.6), or the target of a request
 * in absolute form (RFC 9112 section 3.2.2), and whether the gateway may be asked for it. It resolves and dials nothing.
 */
import type { Failure } from '../failure.js'

/** Lower case, without a dot at the end; an IPv6 address without its brackets. */
export interface Authority {
  host: string
  port: number
}

export interface AbsoluteTarget extends Authority {
  scheme: 'http' | 'https'
  /** As it was written: what `Host` has to say. */
  authority: string
  /** With the query. */
  path: string
}

/** What the gateway knows of one hop that it may be asked for. */
export interface Destination {
  hop: string
  /** In lower case. */
  name: string
  address: string
  port: number
}

/** Of CONNECT: both parts must be there. */
export function readAuthority(text: string): Authority | Failure {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+)):(\d{1,5})$/i.exec(text)
  if (!parts) return malformed('CONNECT needs a host and a port')
  return authorityOf((parts[1] ?? parts[2])!, Number(parts[3]))
}

export function readAbsolute(url: string): AbsoluteTarget | Failure {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) return malformed('a gateway is asked in absolute form, such as http://host/path')
  if (scheme !== 'http' && scheme !== 'https') return malformed('a scheme other than http and https')
  const parts = /^[a-z]+:\/\/((?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::(\d{1,5}))?)(?=[/?#]|$)([^#]*)/i.exec(url)
  if (!parts) return malformed('a target without a host, or with more than host and port')
  const port = parts[4] === undefined ? USUAL_PORT[scheme] : Number(parts[4])
  const authority = authorityOf((parts[2] ?? parts[3])!, port)
  if ('type' in authority) return authority
  const path = parts[5]!
  return { ...authority, scheme, authority: parts[1]!, path: path.startsWith('/') ? path : `/${path}` }
}

const USUAL_PORT = { http: 80, https: 443 } as const

function authorityOf(host: string, port: number): Authority | Failure {
  if (port < 1 || port > 65535) return malformed('a port that is none')
  return { host: host.toLowerCase().replace(/\.$/, ''), port }
}

/**
 * The hop that is meant, or why nobody is dialled. By its name at the port of either scheme as well: on a rig a hop has
 * whatever port was free.
 * @param ports those that may be asked for; any, if there are none
 */
export function findDestination(
  destinations: readonly Destination[],
  ports: readonly number[] | undefined,
  { host, port }: Authority,
): string | Failure {
  if (ports && !ports.includes(port)) {
    return {
      type: 'http_request_denied',
      stage: 'select',
      manner: 'unavailable',
      details: 'a port that is not allowed',
    }
  }
  const found = destinations.find(
    (one) =>
      (one.name === host && (port === one.port || port === USUAL_PORT.http || port === USUAL_PORT.https)) ||
      (one.address === host && port === one.port),
  )
  return found ? found.hop : UNKNOWN
}

/** With 500, which the RFC recommends, a client would take the gateway itself for broken. */
const UNKNOWN: Failure = {
  type: 'destination_not_found',
  stage: 'select',
  manner: 'unavailable',
  details: 'no destination of this gateway',
  status: 502,
}

const malformed = (details: string): Failure => ({
  type: 'http_request_error',
  stage: 'select',
  manner: 'http',
  details,
})
