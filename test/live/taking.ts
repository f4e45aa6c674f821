/**
 * An origin that keeps every request until the test answers it, and counts how many it has at once: tests of queues,
 * limits and kept connections see with it what really arrived.
 */
import { type Peer, type RawOrigin, rawOrigin, until } from './peers.js'

export interface Taken {
  method: string
  path: string
  body: string
  peer: Peer
  /** Which connection it came on, from 1. */
  connection: number
  answer(status?: number, body?: string): void
  /** An RST instead, or a FIN. */
  reset(): void
  close(): void
}

export interface TakingOrigin extends RawOrigin {
  asked: Taken[]
  /** The most requests that were open at the same time. */
  mostAtOnce(): number
  /** The request of that ordinal, from 1, once it is there. */
  request(ordinal: number): Promise<Taken>
}

/** @param serve called with each request; without it they are kept */
export async function takingOrigin(serve: (taken: Taken) => void = () => {}): Promise<TakingOrigin> {
  const asked: Taken[] = []
  let open = 0
  let most = 0
  const over = () => {
    open--
  }
  const origin = await rawOrigin((peer, connection) => {
    let read = 0
    peer.socket.on('data', () => {
      for (let found = nextRequest(peer.received.slice(read)); found; found = nextRequest(peer.received.slice(read))) {
        read += found.length
        most = Math.max(most, ++open)
        const taken: Taken = {
          ...found,
          peer,
          connection,
          answer(status = 200, body = 'ok') {
            over()
            peer.send(`HTTP/1.1 ${status} So\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
          },
          reset() {
            over()
            peer.socket.resetAndDestroy()
          },
          close() {
            over()
            peer.socket.end()
          },
        }
        asked.push(taken)
        serve(taken)
      }
    })
    peer.socket.on('end', () => peer.socket.end())
  })
  const request = async (ordinal: number) => {
    await until(() => asked.length >= ordinal)
    return asked[ordinal - 1]!
  }
  return Object.assign(origin, { asked, request, mostAtOnce: () => most })
}

function nextRequest(bytes: string): { method: string; path: string; body: string; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const bodyLength = Number(/^content-length: *(\d+)/im.exec(bytes.slice(0, end))?.[1] ?? 0)
  const length = end + 4 + bodyLength
  if (bytes.length < length) return undefined
  const [method, path] = bytes.split(' ', 2) as [string, string]
  return { method, path, body: bytes.slice(end + 4, length), length }
}
