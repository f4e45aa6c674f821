/** Reads the ClientHello before any handshake and leaves the bytes in place. Origin and firewall call it. */
import type { Socket } from 'node:net'
import { calculateJa3, calculateJa4, getExtensionData, readTlsClientHello } from 'read-tls-client-hello'

export interface Hello {
  ja3: string
  ja4: string
  sni: string | undefined
}

/** The ClientHello, or undefined when the peer speaks something else, or left before it had said enough. */
export async function readHello(raw: Socket): Promise<Hello | undefined> {
  try {
    const hello = await readTlsClientHello(raw)
    const name = getExtensionData(hello, 'sni')?.serverName
    return { ja3: calculateJa3(hello), ja4: calculateJa4(hello), sni: name }
  } catch {
    return undefined
  }
}
