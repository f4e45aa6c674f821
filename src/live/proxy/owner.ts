/** Who writes a response: the proxy's front says so, and whoever refuses what follows of its request asks. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Failure } from '../../core/failure.js'

export interface Owner {
  readonly request: IncomingMessage
  /** True: it is yet to be answered, past the response; false: what was begun is cut. */
  refuse(failure: Failure, status: number): boolean
}

const owner = Symbol('owner')
type Owned = ServerResponse & { [owner]?: Owner }

export function own(response: ServerResponse, by: Owner): void {
  ;(response as Owned)[owner] = by
}

/** Undefined for one that the proxy's handler never got. */
export const ownerOf = (response: ServerResponse): Owner | undefined => (response as Owned)[owner]
