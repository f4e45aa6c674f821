/** What proxies do: look up, try, forward, check their servers. Part of the vocabulary in events.ts. */
import type { Failure } from '../../core/failure.js'
import type { checkResults } from '../../core/proxy/health_checks/index.js'

/** A proxy asked the name server for an address. */
export interface LookupEvent extends Lookup {
  event: 'lookup'
  t: number
  /** Who asked. */
  hop: string
}

/** How an address was found by a name. */
export interface Lookup {
  name: string
  /** The address, or c-ares' word for what came instead: ENOTFOUND, ESERVFAIL, ETIMEOUT. */
  answer: string
  /** Absent where it was known, and may still be used. */
  ms?: number | undefined
}

/** The connection that an exchange went over. Durations are absent for what was not reached, or was done before. */
export interface ConnectionUse {
  /** host:port that was dialled. */
  address: string
  /** Our end, host:port; joins with `peer` of what the far side journaled. */
  local?: string | undefined
  /** The connection had served a request before; absent where the log of a real proxy does not tell. */
  reused?: boolean | undefined
  tls: boolean
  /** The tunnel through a gateway, whose the address is then. */
  tunnelled?: TunnelUse | undefined
  /** Where the address was found by its name. */
  lookup?: Lookup | undefined
  connect_ms?: number | undefined
  tls_ms?: number | undefined
}

/** A tunnel that a gateway was asked for. */
export interface TunnelUse {
  /** host:port of the destination, as the gateway knows it. */
  to: string
  /** The gateway's answer; absent where none came. All but 2xx is the status of the attempt, too. */
  status?: number | undefined
  /** Until then, where it was asked for now. */
  ms?: number | undefined
}

/** One try of a proxy at one upstream server. */
export interface Try extends ConnectionUse {
  server: string
  /** The exit it went through, where it was a gateway's. */
  exit?: string | undefined
  /** The TLS profile that the gateway spoke, and its fingerprints. */
  profile?: string | undefined
  ja3?: string | undefined
  ja4?: string | undefined
  /** Of a gateway: what the response says of itself, in Server and in X-Proxy-Error, where it is none to be glad of. */
  software?: string | undefined
  proxy_error?: string | undefined
  /** Until there was room for it at a server, where it had to wait. */
  queued_ms?: number | undefined
  /** From dispatch to the end of the try. */
  ms: number
  status?: number | undefined
  response_bytes: number
  failure?: Failure | undefined
  /** Of one that failed: bytes of the request may have reached the server. */
  request_written?: boolean | undefined
}

/** One request at a proxy, from its head to its end. */
export interface ForwardEvent {
  event: 'forward'
  t: number
  hop: string
  /** The client's end of the connection, host:port. */
  peer?: string | undefined
  request: string
  method: string
  path: string
  tries: Try[]
  /** The status that was sent downstream; absent when the client had left before. */
  status?: number | undefined
  /** Why it failed; absent for what an upstream answered, whatever the status. */
  failure?: Failure | undefined
  /** A health check of a proxy in front. */
  health?: true | undefined
  /** It only loads the machine (`saturate`); not part of the work. */
  background?: true | undefined
  /** The response was begun and cut. */
  cut?: true | undefined
  /** The client left before the response was complete, or took no more of it. */
  client_left?: true | undefined
  /** Bytes that went each way once another protocol was spoken. */
  tunnel?: { up_bytes: number; down_bytes: number } | undefined
  proxy_status?: string | undefined
  proxy_error?: string | undefined
  /** Answered from the proxy's cache: a fresh response, or a stale one in the place of a failure. */
  cache?: 'hit' | 'stale' | undefined
  ms: number
}

/** What a proxy makes of one of its servers has changed. */
export interface ServerEvent {
  event: 'server'
  t: number
  /** The proxy. */
  hop: string
  server: string
  state: ServerTurn
  /** In words, where it is not all said by the state. */
  why?: string | undefined
}

/**
 * `excluded`: over its max_fails; `recovered`: one that was excluded has served a request again; `up`, `down`,
 * `draining`: what active checks say; `joined`, `left`: the list of servers.
 */
export const serverTurns = ['excluded', 'recovered', 'up', 'down', 'draining', 'joined', 'left'] as const
export type ServerTurn = (typeof serverTurns)[number]

/** A proxy has checked one of its servers. */
export interface CheckEvent {
  event: 'check'
  t: number
  /** The proxy. */
  hop: string
  server: string
  /** X-Request-Id, where it was one of HTTP. */
  request?: string | undefined
  /** host:port that was dialled, and our end. */
  address: string
  local?: string | undefined
  result: (typeof checkResults)[number]
  status?: number | undefined
  failure?: Failure | undefined
  /** Why it did not pass, in words. */
  why?: string | undefined
  ms: number
}

/** A line of a proxy's error log, or of its access log, in the product's words. */
export interface LogEvent {
  event: 'log'
  t: number
  hop: string
  request?: string | undefined
  level: 'info' | 'notice' | 'warn' | 'error' | 'crit' | 'alert' | 'emerg' | 'access'
  line: string
}
