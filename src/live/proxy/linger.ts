/** How the proxy hangs up on a client that may still be sending. */
import type { Socket } from 'node:net'
import { startTimer, stopTimer } from '../clock.js'

/** As long as a client may go on sending that was told to stop. */
const LINGER_MS = 5000

/** FIN, and what the client still sends is read for a while: unread, it would become an RST. */
export function lingeringClose(socket: Socket): void {
  socket.resume()
  socket.end()
  const timer = startTimer(LINGER_MS, () => socket.destroy())
  socket.once('close', () => stopTimer(timer))
}
