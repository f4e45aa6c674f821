/** Listening on loopback, and the state of an address: open, or refusing while a fault says so. */
import type { Server, Socket } from 'node:net'
import { CannotRunError } from '../lib/errors.js'
import type { Address, Site } from './site.js'

const HOST = '127.0.0.1'

/** A server that can stop listening and begin again; `node:net`'s, or what stands on it. */
type Listener = Pick<Server, 'listen' | 'once' | 'on' | 'removeListener' | 'address' | 'listening'> & {
  close(): unknown
}

/**
 * Listens at a fixed port, or at any free one, and follows the faults of the address from then on.
 * @throws CannotRunError when the port is taken
 */
export async function listenAt(site: Site, hop: string, server: Listener, port: number | undefined): Promise<Address> {
  await listen(server, port ?? 0).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error
    const what = error.code === 'EACCES' ? 'needs privileges' : 'is taken'
    const remedy = `Free the port, or leave "port" of hops.${hop} out to get any free one`
    throw new CannotRunError(`Port ${port} for hop "${hop}" ${what}`, remedy, { cause: error })
  })
  const { port: actual } = server.address() as { port: number }
  followFaults(site, hop, server, actual)
  return { hop, place: hop, host: HOST, port: actual }
}

function listen(server: Listener, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: HOST, port, backlog: 4096 }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

/** While the address is refused nobody listens on it: the kernel answers with RST. Open connections stay. */
function followFaults(site: Site, hop: string, server: Listener, port: number): void {
  let closing = false
  let wanted = true
  /** It listens, as far as we asked: between two wishes Node may still tell of the last close. */
  let open = true
  const apply = async (): Promise<void> => {
    const refuse = site.plan.address(hop, site.now())?.effect.type === 'refuse'
    if (closing || wanted === !refuse) return
    wanted = !refuse
    if (refuse) {
      open = false
      return void server.close()
    }
    await listen(server, port).then(
      () => {
        open = true
      },
      (error: Error) => site.broken(`hop "${hop}" cannot listen again: ${error.message}`),
    )
  }
  site.onAddressChange(hop, apply)
  server.on('close', () => {
    if (!closing && open) site.broken(`hop "${hop}" stopped listening unasked`)
  })
  server.on('error', (error: Error) => site.broken(`hop "${hop}" failed: ${error.message}`))
  site.scope.add(() => {
    closing = true
  })
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
