/** A TLS alert in the place of a ServerHello, as bytes: effects.ts calls it on the raw socket, before any handshake. */
import type { Socket } from 'node:net'
import { close } from './wire.js'

const [ALERT, FATAL, TLS_1_2] = [21, 2, 0x0303] as const
/** In front of a ClientHello's version: the header of the record, and that of the message. */
const VERSION_AT = 9

/**
 * Sends one fatal alert, then FIN. The record has the version of the ClientHello, which is still unread, and at most
 * that of TLS 1.2, as 1.3 wants it (RFC 8446 section 5.1).
 */
export function alert(raw: Socket, id: number): void {
  const hello = raw.read() as Buffer | null
  const spoken = hello && hello.length >= VERSION_AT + 2 ? hello.readUInt16BE(VERSION_AT) : TLS_1_2
  const version = Math.min(spoken, TLS_1_2)
  raw.write(Uint8Array.of(ALERT, version >> 8, version & 255, 0, 2, FATAL, id))
  close(raw)
}
