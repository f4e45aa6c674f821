/**
 * The endings of a TCP connection, exactly as named: RST, FIN, silence. They act on the raw socket, under TLS too.
 * Origin, firewall and proxy front call it; it knows no fault and no HTTP.
 */
import type { Socket } from 'node:net'
import { wait } from './clock.js'
import { dialledEnd } from './dialled.js'
import { connectionTable, queuedIn } from './kernel_table.js'

/**
 * Ends the connection with RST, that under TLS without its goodbye. Bytes sent before are on the peer's side first: a Node peer reads an RST that
 * closely follows data as a clean end, and a kernel drops what it had not sent.
 * @param now called right before the RST leaves, and never when the peer was faster
 */
export async function reset(socket: Socket, now: () => void = () => {}): Promise<void> {
  const raw = rawOf(socket)
  if (raw.destroyed) return
  if (raw !== socket && !socket.destroyed) await flushed(socket)
  if (raw.bytesWritten > 0 || raw.writableLength > 0) {
    await flushed(raw)
    await drainedByPeer(raw)
  }
  if (raw.destroyed) return
  now()
  // A unix socket knows no RST: its peer reads an end, or ECONNRESET where we had not read all.
  if (raw.localPort === undefined) raw.destroy()
  else raw.resetAndDestroy()
}

/** The TCP connection that carries the TLS of a socket, or the socket itself. */
const rawOf = (socket: Socket): Socket => (socket as { _parent?: Socket })._parent ?? socket

/** Ends the connection with FIN, behind what was written, and reads on until the peer closes too. */
export function close(raw: Socket): void {
  if (raw.destroyed) return
  raw.on('error', () => {})
  raw.resume()
  raw.end()
}

/** Sends nothing more and reads on: the peer learns nothing until it gives up. */
export function stall(raw: Socket): void {
  raw.on('error', () => {})
  raw.resume()
}

/** What was written has been handed to the kernel. */
function flushed(raw: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (raw.destroyed || raw.writableLength === 0) return resolve()
    raw.once('drain', resolve)
    raw.once('close', resolve)
    raw.write('', () => resolve())
  })
}

/**
 * A peer that has read nothing between so many looks, each a millisecond or more after the other, does not want to. Looks and not
 * time: a machine that stood still has kept the peer from reading as well.
 */
const LOOKS = 1000

/**
 * Until the peer has read everything, or reads no more: as its socket says, whose buffer an RST would empty too, or else its
 * kernel queue. Without /proc, a moment.
 */
async function drainedByPeer(raw: Socket): Promise<void> {
  const [ours, theirs] = [raw.localPort, raw.remotePort]
  if (ours === undefined || theirs === undefined) return
  const peer = dialledEnd(raw)
  let [least, looks] = [Number.POSITIVE_INFINITY, LOOKS]
  do {
    await wait(1)
    const pending = peer ? raw.bytesWritten - peer.bytesRead + peer.readableLength : await queuedBytes(ours, theirs)
    if (pending === undefined) return wait(50)
    if (pending <= 0 || peer?.destroyed) return
    if (pending < least) [least, looks] = [pending, LOOKS]
  } while (--looks > 0 && !raw.destroyed)
}

/** Bytes between two local ports that are not read yet, both kernels' queues; undefined where nobody can tell. */
async function queuedBytes(ours: number, theirs: number): Promise<number | undefined> {
  const table = await connectionTable().catch(() => undefined)
  return table === undefined ? undefined : queuedIn(table, ours, theirs).underway
}
