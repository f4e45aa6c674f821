/** A request that leaves HTTP takes its whole connection: it waits for the requests before it in the pipe. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Calls back once every response that was begun on the connection is written, or never, if the connection ends first. */
export function whenAnswered(socket: Socket, act: () => void): void {
  const response = (socket as { _httpMessage?: ServerResponse | null })._httpMessage
  if (!response) return act()
  // Closed, it has left the connection to the next one in the pipe.
  response.once('close', () => {
    if (!socket.destroyed) whenAnswered(socket, act)
  })
}
