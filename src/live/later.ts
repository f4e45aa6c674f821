/** Something that happens to a connection after a time, unless it is closed by then, by whomever: a site closes all. */
import type { Socket } from 'node:net'
import { startDeadline } from './clock.js'

/** Returns how to call it off. */
export function later(socket: Socket, ms: number, act: () => void): () => void {
  if (socket.destroyed) return () => {}
  const stop = (): void => {
    cancel()
    socket.removeListener('close', stop)
  }
  const cancel = startDeadline(ms, () => {
    stop()
    act()
  })
  socket.on('close', stop)
  return stop
}
