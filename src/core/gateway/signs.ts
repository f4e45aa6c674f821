/**
 * What one failed attempt looks like, by the wire alone: the rules that the glossary entry `scraping-glossary`
 * (docs/sources.md) has for a single 502. Strategies read it; what many attempts say together is a diagnosis.
 */
import { errorTypes } from '../error_types.js'
import type { Observation } from './observation.js'

export const heuristics = {
  waf_stealth_block: 'the target hung up before a byte of a response: taken for a firewall that hides',
  explicit_block: 'the target refused with a 403',
  rate_limited: 'the target said 429',
  edge_origin_error: 'a public edge said that what is behind it failed',
  fleet_wide_spike: 'requests fail through many exits at once',
  fingerprint_block: 'one TLS profile fails through several exits, and another does not',
  subnet_block: 'the exits of whole networks fail',
  exit_failure: 'the exit itself failed, before it got to the target',
  genuine_failure: 'a failure that no rule takes for a block',
  not_evaluated: 'the strategy does not look',
} as const
export type Heuristic = keyof typeof heuristics

/** The software of public edges, as their Server header begins, and the edge of ours. */
export const publicEdges = [
  'cloudflare',
  'cloudfront',
  'akamaighost',
  'akamainetstorage',
  'fastly',
  'varnish',
  'awselb',
  'gws',
  'sucuri',
  'edge',
]

/** What a gateway takes for a good response: no error of a server, and none of the two refusals. */
export const isOk = (status: number): boolean => status < 500 && status !== 403 && status !== 429

export type Sign = Extract<
  Heuristic,
  'waf_stealth_block' | 'explicit_block' | 'rate_limited' | 'edge_origin_error' | 'exit_failure' | 'genuine_failure'
>

/** @param edges beginnings of Server headers, in lower case */
export function signOf(seen: Observation, edges: readonly string[]): Sign {
  const { status, error, server, proxy_error } = seen
  if (error === 'connection_terminated' || (error === undefined && proxy_error === 'upstream_reset')) {
    return 'waf_stealth_block'
  }
  if (error === 'proxy_internal_error') return 'exit_failure'
  if (error !== undefined) return 'genuine_failure'
  if (status === 403) return 'explicit_block'
  if (status === 429) return 'rate_limited'
  return isFrom(server, edges) ? 'edge_origin_error' : 'genuine_failure'
}

/** A Server header of that software. */
export function isFrom(server: string | undefined, edges: readonly string[]): boolean {
  const software = server?.toLowerCase()
  return software !== undefined && edges.some((word) => software.startsWith(word))
}

/** Signs of a firewall, whether it hides or not. */
export const isBlock = (seen: Observation): boolean => {
  if (seen.ok) return false
  const sign = signOf(seen, [])
  return sign === 'waf_stealth_block' || sign === 'explicit_block'
}

/** The status that a client gets, or would get: what came, or what RFC 9209 recommends for the failure. */
export const statusOf = ({ status, error }: Observation): number | undefined =>
  status ?? (error && (errorTypes[error].status ?? undefined))

/** The glossary's B = 502_blocks / active_ips, over these observations; 0 where no exit is active. */
export const burnRate = (recent: readonly Observation[], activeExits: number): number =>
  activeExits === 0 ? 0 : recent.filter(isBlock).length / activeExits
