/** Reads the ClientHello before any handshake and leaves the bytes in place. Origin and firewall call it. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { calculateJa3, calculateJa4, getExtensionData, readTlsClientHello } from 'read-tls-client-hello'

export interface Hello {
  ja3: string
  ja4: string
  sni: string | undefined
  /** What it offers to speak on top, in order; empty for nothing. */
  alpn: readonly string[]
}

/** The ClientHello, or undefined when the peer speaks something else, or left before it had said enough. */
export async function readHello(raw: Socket): Promise<Hello | undefined> {
  try {
    const hello = await readTlsClientHello(raw)
    const name = getExtensionData(hello, 'sni')?.serverName
    const alpn = getExtensionData(hello, 'alpn')?.protocols ?? []
    return { ja3: calculateJa3(hello), ja4: calculateJa4(hello), sni: name, alpn }
  } catch {
    return undefined
  }
}

/** Of a ClientHello that is on its way; the stream must bring one. */
export async function fingerprintOf(stream: Readable): Promise<Pick<Hello, 'ja3' | 'ja4'>> {
  const hello = await readTlsClientHello(stream)
  return { ja3: calculateJa3(hello), ja4: calculateJa4(hello) }
}
