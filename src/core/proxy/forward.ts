/**
 * One request at a proxy: try this server, wait for one, pause, go on with the next, or answer with that failure. Engines
 * carry it out and report how each try ended. One `Forward` per request; servers and balancer are shared by all
 * requests of the proxy. Which rules it follows is a kind of forwards/.
 */
import type { Chance } from '../../lib/random.js'
import type { Failure } from '../failure.js'
import type { Balancer, BalancerConfig } from './balancers/index.js'
import type { Turn } from './passive_health/passive_health.js'
import type { Servers } from './servers.js'

export { type NextUpstreamCondition, nextUpstreamConditions } from './next_upstream.js'

export type ForwardAction =
  /**
   * `headMs`: without the head of a response after so long the try is over; `totalMs`: without its end. It fails then by
   * a timeout. Absent: no such limit.
   */
  | { do: 'try'; server: number; headMs?: number | undefined; totalMs?: number | undefined }
  /**
   * Every server that is well has as many requests as it may: come back with `start` when one is done. `choosy`: it has
   * tried servers, which might do for another request. `forMs`: no longer than that; absent: as long as the queue says.
   */
  | { do: 'wait'; choosy: boolean; forMs?: number | undefined }
  /** Come back with `start` after so long. */
  | { do: 'pause'; ms: number }
  /** At the server that was chosen there is no try: tell of that, and come back with `start`. */
  | { do: 'pass'; failure: Failure }
  /** No response was begun: answer in the proxy's own words. */
  | { do: 'answer'; failure: Failure }
  /** The response was begun: nothing can be taken back, the connection is cut. */
  | { do: 'cut'; failure: Failure }
  /** No response was begun, and none comes: the client's connection is closed without a word. */
  | { do: 'close'; failure: Failure }

/** What the engine knows about a try that failed. */
export interface FailedTry {
  failure: Failure
  /** Bytes of this request may have reached the server. */
  requestWritten: boolean
  /** The request can be sent once more: it has no body, or nothing of the body was consumed. */
  replayable: boolean
  /** Bytes of the response were passed on. */
  responseBegun: boolean
  /** The connection had served a request before: it may have been closed just as this one was sent. */
  reused: boolean
}

export interface Forward {
  /** Also for one that has waited or paused. */
  start(now: number): ForwardAction
  /** It has waited for as long as it may. Without this, that is what is answered for. */
  waited?(now: number): ForwardAction
  failed(last: FailedTry, now: number): ForwardAction
  /** A whole head came: undefined passes it on. */
  answered(status: number, replayable: boolean, now: number, header?: FieldOf): ForwardAction | undefined
  /** It is over: the response is complete, or nobody wants it any more, whether it was tried, waited or paused. */
  done(now: number, ms?: number): void
  /** What became of the server of the last try, because of how that ended. */
  readonly turned: Turn | undefined
  /** It would have been tried again, and had been as often as it may, or there were too many others. */
  readonly denied?: 'exhausted' | 'refused' | undefined
  /** It has been tried again. */
  readonly retried?: boolean
}

/** The value of a field of a response's head, by its name in lower case. */
export type FieldOf = (name: string) => string | undefined

/** What all requests of a proxy share, whatever its rules. */
export interface ForwardParts {
  servers: Servers
  balancer: Balancer
  /** The balancer's word: some rules hold for some of them only. */
  balance: BalancerConfig['type']
  /** A request may wait for a server that has as many as it may. */
  mayWait: boolean
  /** When tries have failed and no server is left: the last failure is told. */
  tellsLast: boolean
  /** The proxy's limit for a connection to be there. */
  connectMs: number
  chance: Chance
}
