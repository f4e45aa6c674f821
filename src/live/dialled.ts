/**
 * The connections that this process dialled, by their local port. A hop that ends one from the other side asks here
 * whether its last bytes were read; for a peer in another process only the kernel's table tells (wire.ts).
 */
import type { Socket } from 'node:net'

const byLocalPort = new Map<number, Socket>()

/** Called by who dialled, once the connection stands; forgets it when it is closed. */
export function noteDialled(raw: Socket): void {
  const port = raw.localPort
  // A unix socket has none.
  if (port === undefined) return
  byLocalPort.set(port, raw)
  raw.once('close', () => {
    if (byLocalPort.get(port) === raw) byLocalPort.delete(port)
  })
}

/** The other end of an accepted connection, if it is in this process. */
export function dialledEnd(accepted: Socket): Socket | undefined {
  const dialled = byLocalPort.get(accepted.remotePort ?? 0)
  return dialled?.remotePort === accepted.localPort ? dialled : undefined
}
