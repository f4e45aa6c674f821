/** How many requests came before one on its connection. The proxy's front counts them; what it says may depend on it. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

const served = new WeakMap<Socket, number>()
const earlier = new WeakMap<IncomingMessage, number>()

/** To be asked once for each request, in the order in which they came. */
export function countOn(request: IncomingMessage): number {
  const before = served.get(request.socket) ?? 0
  served.set(request.socket, before + 1)
  earlier.set(request, before)
  return before
}

export const earlierOf = (request: IncomingMessage): number => earlier.get(request) ?? served.get(request.socket) ?? 0
