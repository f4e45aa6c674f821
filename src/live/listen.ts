/** Listening on loopback. Every server hop calls it; what faults do to the address is in address_state.ts. */
import type { Server, Socket } from 'node:net'
import { CannotRunError } from '../lib/errors.js'
import { followFaults, HOST, type Listener, listen } from './address_state.js'
import type { Address, Site } from './site.js'

/**
 * Listens at a fixed port, at any free one, or at the path of a unix socket, and follows the faults of the address from then on.
 * @param place whose connect faults count: the hop, or a link to it
 * @throws CannotRunError when the port is taken
 */
export async function listenAt(
  site: Site,
  place: string,
  server: Listener,
  at: number | string | undefined,
  backlog = 4096,
): Promise<Address> {
  await listen(server, at ?? 0, backlog).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error
    const what = error.code === 'EACCES' ? 'needs privileges' : 'is taken'
    const remedy = `Free the port, or leave "port" of hops.${place} out to get any free one`
    throw new CannotRunError(`Port ${at} for hop "${place}" ${what}`, remedy, { cause: error })
  })
  if (typeof at === 'string') {
    await followFaults(site, place, server, at)
    return { hop: place, place, host: 'localhost', port: 0, path: at }
  }
  const { port: actual } = server.address() as { port: number }
  await followFaults(site, place, server, actual)
  return { hop: place, place, host: HOST, port: actual }
}

/** Every socket of a server, so that closing it ends them all. */
export function trackSockets(site: Site, server: Server): void {
  const sockets = new Set<Socket>()
  site.crash?.takesDown(server)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  site.scope.add(async () => {
    const closed = new Promise<void>((resolve) => {
      if (!server.listening) resolve()
      else server.close(() => resolve())
    })
    for (const socket of sockets) socket.destroy()
    await closed
  })
}
