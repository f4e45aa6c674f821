/**
 * Unix sockets: where their files are, and how one is left behind with nobody listening. A file outlives the process
 * that listened there when that was killed, and goes away when it ends in order; then the kernel says other things.
 */
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CannotRunError } from '../lib/errors.js'
import type { Scope } from '../lib/scope.js'

/** What a kernel takes as the path of a socket: sun_path has 108 bytes, the last one a zero. */
const LONGEST_PATH = 107

/**
 * A path for the socket of a hop, in a folder of its own that goes away with the scope.
 * @throws CannotRunError where temporary files have so long a path that no socket fits there
 */
export async function socketPath(scope: Scope, hop: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'badgateway-'))
  scope.add(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o711)
  const path = join(folder, `${hop}.sock`)
  if (Buffer.byteLength(path) <= LONGEST_PATH) return path
  const what = `The unix socket of hop "${hop}" would have a path of ${Buffer.byteLength(path)} bytes, ${path}`
  throw new CannotRunError(what, `A kernel takes ${LONGEST_PATH}: set TMPDIR to a shorter one, or shorten the name`)
}

/** Of a process that did not take it away: nobody can listen there before it is gone. */
export const removeFile = (path: string): void => rmSync(path, { force: true })

/** Closes a listener as the death of its process does: the file of a unix socket stays. */
export function closeKeepingFile(server: { address(): unknown; close(): unknown }): void {
  const path = server.address()
  if (typeof path !== 'string' || !existsSync(path)) return void server.close()
  // Node takes the file away; another name keeps it in the world meanwhile.
  const kept = `${path}~`
  linkSync(path, kept)
  server.close()
  renameSync(kept, path)
}
