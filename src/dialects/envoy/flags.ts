/**
 * Envoy's response flags: the letters of %RESPONSE_FLAGS% in its access log, with the status that goes with each and what
 * its Proxy-Status says in its place where that is turned on (stream_info/utility.cc, ProxyStatusUtils). The dialect writes
 * them; whoever explains a line reads them.
 */
import type { ErrorType } from '../../core/error_types.js'
import type { ResetReason } from '../../core/proxy/envoy/reset_reason.js'

export interface ResponseFlag {
  /** Its long name, as %RESPONSE_FLAGS_LONG% has it. */
  name: string
  summary: string
  /** Undefined: whatever was said, or nothing. */
  status?: number
  proxyError?: ErrorType
}

export const responseFlags = {
  UH: {
    name: 'NoHealthyUpstream',
    summary: 'no host may be asked',
    status: 503,
    proxyError: 'destination_unavailable',
  },
  UF: {
    name: 'UpstreamConnectionFailure',
    summary: 'no connection to the host, or no TLS on it',
    status: 503,
    proxyError: 'connection_refused',
  },
  UO: {
    name: 'UpstreamOverflow',
    summary: 'a circuit breaker is open',
    status: 503,
    proxyError: 'connection_limit_reached',
  },
  NR: { name: 'NoRouteFound', summary: 'no route for the request', status: 404, proxyError: 'destination_not_found' },
  URX: {
    name: 'UpstreamRetryLimitExceeded',
    summary: 'it was retried as often as it may be',
    proxyError: 'destination_unavailable',
  },
  NC: {
    name: 'NoClusterFound',
    summary: 'the cluster of the route does not exist',
    status: 503,
    proxyError: 'destination_unavailable',
  },
  DT: { name: 'DurationTimeout', summary: 'the connection was open for as long as it may be' },
  DC: { name: 'DownstreamConnectionTermination', summary: 'the client left' },
  LH: {
    name: 'FailedLocalHealthCheck',
    summary: 'this Envoy was told that it is not well',
    status: 503,
    proxyError: 'destination_unavailable',
  },
  UT: {
    name: 'UpstreamRequestTimeout',
    summary: 'the whole response did not come within the time of the route, or of the try',
    status: 504,
    proxyError: 'http_response_timeout',
  },
  LR: {
    name: 'LocalReset',
    summary: 'Envoy itself reset the stream to the host',
    status: 503,
    proxyError: 'connection_timeout',
  },
  UR: {
    name: 'UpstreamRemoteReset',
    summary: 'the host reset the stream',
    status: 503,
    proxyError: 'connection_terminated',
  },
  UC: {
    name: 'UpstreamConnectionTermination',
    summary: 'the host closed or reset the connection',
    status: 503,
    proxyError: 'connection_terminated',
  },
  DI: { name: 'DelayInjected', summary: 'the fault filter delayed it' },
  FI: { name: 'FaultInjected', summary: 'the fault filter ended it' },
  RL: {
    name: 'RateLimited',
    summary: 'beyond the rate that is let in',
    status: 429,
    proxyError: 'connection_limit_reached',
  },
  UAEX: { name: 'UnauthorizedExternalService', summary: 'the authorization service did not allow it' },
  RLSE: {
    name: 'RateLimitServiceError',
    summary: 'the rate limit service failed',
    proxyError: 'connection_limit_reached',
  },
  IH: {
    name: 'InvalidEnvoyRequestHeaders',
    summary: 'an x-envoy header has no valid value',
    status: 400,
    proxyError: 'http_request_error',
  },
  SI: {
    name: 'StreamIdleTimeout',
    summary: 'nothing moved on the stream for too long',
    status: 408,
    proxyError: 'http_response_timeout',
  },
  DPE: {
    name: 'DownstreamProtocolError',
    summary: 'the request is not valid HTTP',
    status: 400,
    proxyError: 'http_request_error',
  },
  UPE: {
    name: 'UpstreamProtocolError',
    summary: 'the response is not valid HTTP',
    status: 502,
    proxyError: 'http_protocol_error',
  },
  UMSDR: {
    name: 'UpstreamMaxStreamDurationReached',
    summary: 'the stream to the host was open for as long as it may be',
    proxyError: 'http_response_timeout',
  },
  OM: { name: 'OverloadManagerTerminated', summary: 'Envoy itself has too much in hand', status: 503 },
  DF: { name: 'DnsResolutionFailed', summary: 'the name of the host has no address', proxyError: 'dns_error' },
  DO: { name: 'DropOverLoad', summary: 'the cluster drops a share of its load', status: 503 },
  RFCF: { name: 'ResponseFromCacheFilter', summary: 'answered from the cache' },
  NFCF: {
    name: 'NoFilterConfigFound',
    summary: 'the configuration of a filter did not come in time',
    proxyError: 'proxy_configuration_error',
  },
} as const satisfies Record<string, ResponseFlag>

export type FlagName = keyof typeof responseFlags

/** Filter::streamResetReasonToResponseFlag. */
export const flagOfReset: Readonly<Record<ResetReason, FlagName>> = {
  'local connection failure': 'UF',
  'remote connection failure': 'UF',
  'connection timeout': 'UF',
  'connection termination': 'UC',
  'local reset': 'LR',
  'local refused stream reset': 'LR',
  'remote reset': 'UR',
  'remote refused stream reset': 'UR',
  'remote error with CONNECT request': 'UR',
  overflow: 'UO',
  'protocol error': 'UPE',
  'overload manager reset': 'OM',
}
