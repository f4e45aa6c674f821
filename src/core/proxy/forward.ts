/**
 * One request at a proxy: try this server, or answer with that failure. The engines carry it out and report how each
 * try ended. One `Forward` per request; the balancer is shared by all requests of the proxy.
 */
import { type Failure, noServer } from '../failure.js'
import type { Balancer } from './balancers/balancer.js'

/** What moves a request on to the next server: nginx's words for the groups. */
export const nextUpstreamConditions = ['error', 'timeout'] as const
export type NextUpstreamCondition = (typeof nextUpstreamConditions)[number]

export interface ForwardConfig {
  servers: number
  /** Empty: never. */
  nextUpstream: readonly NextUpstreamCondition[]
  /** Tries in all, the first included; 0 is no limit but one try per server. */
  tries: number
}

export type ForwardAction =
  | { do: 'try'; server: number }
  /** No response was begun: answer in the proxy's own words. */
  | { do: 'answer'; failure: Failure }
  /** The response was begun: nothing can be taken back, the connection is cut. */
  | { do: 'cut'; failure: Failure }

/** What the engine knows about a try that failed. */
export interface FailedTry {
  failure: Failure
  /** Bytes of this request may have reached the server. */
  requestWritten: boolean
  /** The request can be sent once more: it has no body, or nothing of the body was consumed. */
  replayable: boolean
  /** Bytes of the response were passed on. */
  responseBegun: boolean
}

export interface Forward {
  start(): ForwardAction
  failed(last: FailedTry): ForwardAction
}

/** Not repeated once the server may have seen it (nginx: non_idempotent). */
const NON_IDEMPOTENT = new Set(['POST', 'LOCK', 'PATCH'])

export function createForward(config: ForwardConfig, balancer: Balancer, method: string): Forward {
  /** Most requests need one try: the set is made with the second. */
  let tried: Set<number> | undefined
  let last = -1
  let tries = 0
  const eligible = (index: number) => index !== last && !tried?.has(index)
  const pick = (): number | undefined => {
    const server = balancer.pick(config.servers, eligible)
    if (server === undefined) return undefined
    if (last >= 0) tried = (tried ?? new Set()).add(last)
    last = server
    tries++
    return server
  }
  return {
    start() {
      const server = pick()
      return server === undefined ? { do: 'answer', failure: noServer('no server to try') } : { do: 'try', server }
    },
    failed({ failure, requestWritten, replayable, responseBegun }) {
      if (responseBegun) return { do: 'cut', failure }
      const wanted = config.nextUpstream.includes(failure.manner === 'timeout' ? 'timeout' : 'error')
      const allowed = replayable && !(requestWritten && NON_IDEMPOTENT.has(method))
      const left = config.tries === 0 || tries < config.tries
      const retriable = RETRIABLE.has(failure.manner)
      const server = wanted && allowed && left && retriable ? pick() : undefined
      return server === undefined ? { do: 'answer', failure } : { do: 'try', server }
    },
  }
}

/** `error` and `timeout` are about the connection; a response that is not HTTP is nginx's `invalid_header`. */
const RETRIABLE = new Set<Failure['manner']>([
  'unresolved',
  'refused',
  'unroutable',
  'reset',
  'closed',
  'timeout',
  'alert',
  'certificate',
  'tls',
])
