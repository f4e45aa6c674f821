/** One request at an origin, and the response that is due: what the parts of serve.ts hand on to each other. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Occasion } from '../../core/fault/selection.js'
import type { Moment } from '../faults.js'
import type { Visit } from './visit.js'

export interface Exchange {
  visit: Visit
  request: IncomingMessage
  response: ServerResponse
  /** What faults can match; the time is asked anew at every moment. */
  occasion: Partial<Occasion>
}

/** A moment of the exchange, in which effects that end it are booked and what is left of the request is read. */
export function momentOf({ visit, request, response, occasion }: Exchange, moment: Moment): Moment {
  return {
    stream: request.socket,
    request: visit.id,
    key: occasion.key,
    over(sent) {
      if (sent) visit.wrote(sent)
      visit.book('faulted')
      request.resume()
    },
    keep: () => writtenPast(response),
    unfinished: () => !request.complete,
    ...moment,
  }
}

/**
 * Tells node:http that the response was written past it, so that it takes the next request of the connection, or closes
 * it where there shall be none: what it writes itself goes nowhere.
 */
export function writtenPast(response: ServerResponse): void {
  const socket = response.socket as { write?: unknown } | null
  if (!socket) return
  socket.write = (...given: unknown[]): boolean => {
    const done = given.at(-1)
    if (typeof done === 'function') process.nextTick(done as () => void)
    return true
  }
  response.end()
  delete socket.write
}
