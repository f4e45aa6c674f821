/**
 * Unix sockets: where their files are, and how one is left behind with nobody listening. A file outlives the process
 * that listened there when that was killed, and goes away when it ends in order; then the kernel says other things.
 */
import { linkSync, renameSync } from 'node:fs'
import type { Server } from 'node:net'

/** Closes a listener as the death of its process does: the file of a unix socket stays. */
export function closeKeepingFile(server: Pick<Server, 'address' | 'close'>): void {
  const path = server.address()
  if (typeof path !== 'string') return void server.close()
  // Node takes the file away; another name keeps it in the world meanwhile.
  const kept = `${path}~`
  linkSync(path, kept)
  server.close()
  renameSync(kept, path)
}
