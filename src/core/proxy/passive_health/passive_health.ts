/**
 * What a proxy learns of a server from the requests that it sends there: each server has such an object, which a kind of
 * this folder makes. Rules of forwarding tell it how tries end, and ask it; it knows no sockets.
 */
import type { Failure } from '../../failure.js'

export interface PassiveHealth {
  /** Failed tries that are held against it. */
  readonly fails: number
  /** It may be sent a request, as far as its tries tell. */
  available(now: number): boolean
  /** A request goes to it. */
  chosen(now: number): void
  /**
   * A try is over.
   * @param failed the rules of forwarding count it as a failure
   * @returns what that changes
   */
  ended(failed: boolean, how: Ended, now: number): Turn | undefined
  /** An active check of it passed, and checks take it for well. */
  checkPassed?(now: number): void
}

/** What becomes of a server, by its index, because of time, of a check or of what others did, and not of a try at it alone. */
export type TellTurn = (server: number, turned: Turn, why: string) => void

/** How a try ended; all undefined: the client left before anything came. */
export interface Ended {
  /** Of the response whose head came. */
  readonly status: number | undefined
  readonly failure: Failure | undefined
  /** The connection had served a request before; where it failed. */
  readonly reused: boolean
}

/**
 * `excluded`: no requests for a while; `recovered`: it is well again; `down`: until checks say otherwise; `doubted`: its
 * checks have been told, and the next one is to come soon.
 */
export type Turn = 'excluded' | 'recovered' | 'down' | 'doubted'
