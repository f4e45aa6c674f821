/**
 * The other ends of a proxy under test: clients and origins on bare sockets, which see every byte and how a connection
 * ended. Whoever waits here waits for an event; only the runner's own limit ends a wait that is in vain.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { z } from 'zod'
import { faultSchema } from '../../src/core/fault/fault.js'
import type { ForwardEvent, JournalEvent } from '../../src/journal/events.js'
import { type Certificates, createCertificates } from '../../src/live/certificates.js'
import { startProxy } from '../../src/live/proxy/proxy.js'
import { startRelay } from '../../src/live/relay.js'
import { type LiveSite, startSite } from '../../src/live/start.js'
import { type Rig, type RigInput, rig } from '../../src/rig.js'
import { hopKinds } from '../../src/scenario/hops.js'

/** One origin behind one proxy. */
export const lone = (app: object = {}, lb: object = {}, faults: object[] = []): RigInput =>
  ({ hops: { app: { kind: 'origin', ...app }, lb: { kind: 'proxy', to: ['app'], ...lb } }, faults }) as RigInput

export const MB = 1024 * 1024

/** The event loop's next turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const statusOf = (received: string): number => Number(received.split(' ')[1] ?? Number.NaN)

export const portOf = (lab: Rig, hop: string): number => Number(new URL(lab.urlOf(hop)).port)

/** Runs a rig and closes it, whatever happens in between. */
export async function withRig(input: RigInput, use: (lab: Rig) => Promise<void>): Promise<void> {
  const lab = await rig(input)
  try {
    await use(lab)
  } finally {
    await lab.close()
  }
}

/** Until it holds: conditions are looked at again after every turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1))
}

export const forwardsIn = (journal: readonly JournalEvent[], hop?: string): ForwardEvent[] =>
  journal.filter((event) => event.event === 'forward').filter((event) => hop === undefined || event.hop === hop)

/** How a connection ended for the peer: the other side's FIN, its RST, or another error of the socket. */
export type Ended = 'FIN' | 'RST' | string

/** One end of a connection, with all that it got. */
export class Peer {
  private text = ''
  private how: Ended | undefined
  private stop: string | undefined

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
      if (this.stop === undefined || !this.text.includes(this.stop)) return
      this.stop = undefined
      socket.pause()
    })
    socket.on('end', () => {
      this.how ??= 'FIN'
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.how ??= error.code === 'ECONNRESET' ? 'RST' : String(error.code)
    })
    socket.on('close', () => {
      this.how ??= 'closed here'
    })
  }

  /** Everything so far, a byte a character. */
  get received(): string {
    return this.text
  }

  /** What came behind the first empty line. */
  get body(): string {
    return this.text.slice(this.text.indexOf('\r\n\r\n') + 4)
  }

  send(bytes: string): this {
    this.socket.write(bytes, 'latin1')
    return this
  }

  /** Until that has come, or the connection is over. */
  async until(wanted: string | RegExp, times = 1): Promise<string> {
    const count = () => this.text.split(wanted).length - 1
    await until(() => count() >= times || this.how !== undefined)
    return this.text
  }

  /** The same, and reads no further. */
  async stopAt(wanted: string): Promise<void> {
    this.stop = wanted
    await this.until(wanted)
  }

  async ended(): Promise<Ended> {
    await until(() => this.how !== undefined)
    return this.how!
  }
}

/** A client: connected, nothing sent. It keeps its own side open until told otherwise. */
export async function dialed(port: number): Promise<Peer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  return new Peer(socket)
}

/** Sends those bytes on a connection of their own and tells how it ended, once the other side has ended it. */
export async function exchange(port: number, bytes: string): Promise<Peer> {
  const peer = (await dialed(port)).send(bytes)
  await peer.ended()
  peer.socket.destroy()
  return peer
}

/** One response to a good request; the connection is closed behind it. */
export async function good(port: number, path = '/good'): Promise<string> {
  return (await exchange(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).received
}

export interface RawOrigin {
  port: number
  /** Every connection, in order; the last one may still be open. */
  connections: Peer[]
  close(): Promise<void>
}

/** An origin that says, byte for byte, what the test says. */
export async function rawOrigin(serve: (peer: Peer, ordinal: number) => void): Promise<RawOrigin> {
  const connections: Peer[] = []
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const peer = new Peer(socket)
    serve(peer, connections.push(peer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async close() {
      server.close()
      for (const { socket } of connections) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** Answers the first request of every connection with those bytes. */
export const answering =
  (...parts: string[]) =>
  async (peer: Peer): Promise<void> => {
    await peer.until('\r\n\r\n')
    for (const part of parts) peer.send(part)
  }

type ProxyInput = Partial<z.input<typeof hopKinds.proxy.schema>>

export interface ProxyUnderTest {
  port: number
  journal: JournalEvent[]
  certificates: Certificates
  forwards(): ForwardEvent[]
  close(): Promise<void>
}

/** The proxy hop `lb` alone, in front of origins that no scenario knows: `app1`, `app2`, … at those ports. */
export async function proxyTo(ports: number[], input: ProxyInput = {}): Promise<ProxyUnderTest> {
  const journal: JournalEvent[] = []
  const names = ports.map((_, index) => `app${index + 1}`)
  const origin = hopKinds.origin.schema.parse({ kind: 'origin' })
  const hop = hopKinds.proxy.schema.parse({ kind: 'proxy', to: names, ...input })
  const bare = { id: 'bare', hops: {}, faults: [], seed: 1 }
  const certificates = await createCertificates()
  const site = await startSite(
    bare,
    (event) => void journal.push(event),
    (message) => {
      throw new Error(message)
    },
  )
  const scenario = { ...bare, hops: { lb: hop, ...Object.fromEntries(names.map((name) => [name, origin])) } }
  const addressOf = (name: string) => ({ hop: name, place: name, host: '127.0.0.1', port: ports[names.indexOf(name)]! })
  const { port } = await startProxy({ ...site, scenario, addressOf, certificates }, 'lb', hop)
  await site.beginLoad()
  return {
    port,
    journal,
    certificates,
    forwards: () => forwardsIn(journal),
    close: () => site.scope.close(),
  }
}

/** The proxy in front of one raw origin; both are closed behind `use`. */
export async function withRawOrigin(
  serve: (peer: Peer, ordinal: number) => void,
  use: (proxy: ProxyUnderTest, origin: RawOrigin) => Promise<void>,
  input: ProxyInput = {},
): Promise<void> {
  const origin = await rawOrigin(serve)
  const proxy = await proxyTo([origin.port], input)
  try {
    await use(proxy, origin)
  } finally {
    await proxy.close()
    await origin.close()
  }
}

/** There is an open connection from that port, so the kernel gives it to nobody who asks for any. */
export const isKept = (port: number): boolean =>
  new RegExp(`^ *\\d+: \\w+:${port.toString(16).toUpperCase().padStart(4, '0')} \\S+ 01 `, 'm').test(
    readFileSync('/proc/net/tcp', 'latin1'),
  )

/** An address where a SYN gets no answer: its queue is full, and who listens is asleep. Linux. */
export async function deafAddress(): Promise<{ port: number; close(): Promise<void> }> {
  const sleep = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       Atomics.wait(workerData, 0, 0)
       server.close()
     })`,
    { eval: true, workerData: sleep },
  )
  const [port] = (await once(worker, 'message')) as [number]
  const fillers = [await dialed(port), await dialed(port)]
  return {
    port,
    async close() {
      for (const { socket } of fillers) socket.destroy()
      await worker.terminate()
    },
  }
}

export interface RelayUnderTest {
  port: number
  journal: JournalEvent[]
  site: LiveSite
  /** How often each fault took effect. */
  fired(id?: string): number
  close(): Promise<void>
}

/** The relay of the link `lb->app` alone, in front of that port. Faults are of that link, unless they say otherwise. */
export async function relayTo(port: number, faults: object[]): Promise<RelayUnderTest> {
  const journal: JournalEvent[] = []
  const parsed = faults.map((fault) => faultSchema.parse({ id: 'f', on: 'lb->app', ...fault }))
  const site = await startSite(
    { id: 'bare', hops: {}, faults: parsed, seed: 1 },
    (event) => void journal.push(event),
    (message) => {
      throw new Error(message)
    },
  )
  const addressOf = () => ({ hop: 'app', place: 'app', host: '127.0.0.1', port })
  const relay = await startRelay({ ...site, addressOf }, 'lb->app', 'app')
  await site.beginLoad()
  return {
    port: relay.port,
    journal,
    site,
    fired: (id = 'f') => journal.filter((event) => event.event === 'fault' && event.fault === id).length,
    close: () => site.scope.close(),
  }
}
