/**
 * The servers behind both proxies: each does to a request what its `X-Fates` say of this server, and books that it was
 * asked. One that is to be held is answered when the test says so.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Fate } from './timeline.js'

/** Ports of nobody, where a connection is refused at once: one for each server, whose names must differ. */
export const deadPort = (server: number): number => 1 + server

export interface Backends {
  ports: readonly number[]
  /** The servers that a request met, in order. */
  met(id: string): number[]
  /** Resolves when a server keeps the request. */
  held(id: string): Promise<void>
  /** Answers one that is kept; false: none is. */
  release(id: string): boolean
  close(): Promise<void>
}

export const fatesHeader = (fates: readonly Fate[]): string => fates.join(',')

export async function startBackends(count: number): Promise<Backends> {
  const met = new Map<string, number[]>()
  const kept = new Map<string, Socket>()
  const waiting = new Map<string, () => void>()
  const open = new Set<Socket>()
  const answer = (socket: Socket, status: number): void => {
    socket.end(`HTTP/1.1 ${status} So\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`)
  }
  const serve = (server: number, head: string, socket: Socket): void => {
    const field = (name: string) => new RegExp(`^${name}: *(.*?)\\r$`, 'im').exec(head)?.[1] ?? ''
    const id = field('x-request-id')
    met.set(id, [...(met.get(id) ?? []), server])
    const fate = field('x-fates').split(',')[server]!
    if (fate === 'close') return void socket.end()
    if (fate === 'reset') return void socket.resetAndDestroy()
    if (fate === 'junk') return void socket.end('SSH-2.0-OpenSSH_9.2\r\n')
    if (fate === 'partial') return void socket.end('HTTP/1.1 200 OK\r\nContent-Le')
    if (fate === 'invalid') return void socket.end('HTTP/1.1 200 OK\r\nX-Odd: a\0b\r\nContent-Length: 0\r\n\r\n')
    if (fate !== '200' || field('x-hold') === '') return answer(socket, Number(fate))
    kept.set(id, socket)
    waiting.get(id)?.()
  }
  const start = async (server: number): Promise<Server> => {
    const listener = createServer((socket) => {
      open.add(socket)
      let head = ''
      socket.on('data', (chunk) => {
        head += chunk.toString('latin1')
        if (head.endsWith('\r\n\r\n')) serve(server, head, socket)
      })
      socket.on('error', () => {})
      socket.on('close', () => open.delete(socket))
    })
    await once(listener.listen(0, '127.0.0.1'), 'listening')
    return listener
  }
  const servers = await Promise.all(Array.from({ length: count }, (_, server) => start(server)))
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    met: (id) => met.get(id) ?? [],
    held: (id) => (kept.has(id) ? Promise.resolve() : new Promise((resolve) => waiting.set(id, resolve))),
    release(id) {
      const socket = kept.get(id)
      if (!socket) return false
      kept.delete(id)
      answer(socket, 200)
      return true
    },
    async close() {
      for (const socket of open) socket.destroy()
      await Promise.all(servers.map((server) => once(server.close(), 'close')))
    },
  }
}
