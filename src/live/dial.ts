/**
 * Opens a connection to a hop: TCP, then TLS where wanted, each with a time limit of its own, everything booked.
 * One address, one family, one try: what happens again is decided elsewhere. Proxy, firewall and clients call it.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { EffectName } from '../core/fault/effects/index.js'
import type { Fault } from '../core/fault/fault.js'
import type { Hold } from './address_states.js'
import { type ConnectionBooks, watchEnding } from './books.js'
import { monotonicMs, startDeadline } from './clock.js'
import { noteDialled } from './dialled.js'
import { askForPassage, type Passage } from './passage.js'
import { elsewhere, formatAddress, type Site, type Target } from './site.js'

/** Called once, with the stream that carries the bytes or with the error that ended the attempt. */
type Dialled = (error: Error | null, stream?: Socket) => void

/** Calls back once; where it failed, `books.ending` says why. Its name first, where it is to be dialled by one. */
export function dial(
  site: Site,
  target: Target,
  connectTimeoutMs: number,
  books: ConnectionBooks,
  done: Dialled,
): void {
  const { resolve, name, path } = target
  // A path is no name.
  if (!resolve || path !== undefined) return whenSettled(site, target, connectTimeoutMs, books, done)
  resolve(books, (host) => {
    if (host === undefined) return done(new Error(`no address for ${name}`))
    const found = host === target.host ? target : { ...target, ...elsewhere(target, target.port, host) }
    whenSettled(site, found, connectTimeoutMs, books, done)
  })
}

/**
 * An address may be turning from one state into another: then a moment later. Its state is as its listener carries it out;
 * where that is in another process, as the plan has it.
 */
function whenSettled(site: Site, target: Target, limitMs: number, books: ConnectionBooks, done: Dialled): void {
  if (books.abandoned) return done(new Error('abandoned'))
  const hold = site.addressStates.hold(target.place)
  // Looked at once: it may begin to turn right after, and stays as it was until nobody holds it.
  const state = site.addressStates.get(target.place) ?? { fault: site.plan.address(target.place, site.now()) }
  if (!state.turning) return connect(site, target, limitMs, books, done, state.fault, hold)
  hold.release()
  void state.turning.then(() => whenSettled(site, target, limitMs, books, done))
}

/** @param fault that the address is under */
function connect(
  site: Site,
  target: Target,
  limitMs: number,
  books: ConnectionBooks,
  done: Dialled,
  fault: Fault | undefined,
  hold: Hold,
): void {
  const started = monotonicMs()
  const host = fault?.effect.type === 'unreachable' ? NO_ROUTE : target.host
  const { path, port, source } = target
  const raw = connectTcp(path === undefined ? { host, port, localAddress: source, noDelay: true } : { path })
  // A busy kernel makes the connection a little after the SYN, which leaves in a tick that was asked for before this one.
  process.nextTick(fault ? hold.release : hold.sent)
  if (!fault) raw.once('connect', hold.release).once('close', hold.release)
  if (path === undefined) books.host = host
  watchEnding(books, raw)
  let stream: Socket = raw
  let stopLimit = startDeadline(limitMs, expire)

  function expire(): void {
    // A gateway's answer is one as any other; to be connected comes before it, and behind.
    books.ending ??= { by: 'timer', timer: books.passage?.at === 'asking' ? 'read' : 'connect' }
    stream.destroy(new Error('connect timed out'))
    raw.destroy()
  }
  /** Every way to fail ends in a close: by then the first cause is booked. */
  function failed(): void {
    stopLimit()
    if (fault) notice(site, fault, books)
    noticeExhaustion(site, books)
    done(new Error(`no connection to ${formatAddress(target)}`))
  }
  function ready(): void {
    stopLimit()
    stream.removeListener('close', failed)
    books.stream = stream
    done(null, stream)
  }
  function limitAnew(): void {
    stopLimit()
    stopLimit = startDeadline(limitMs, expire)
  }
  function secure(tls: ConnectionOptions, secured: () => void): void {
    limitAnew()
    stream.removeListener('close', failed)
    stream = connectTls({ ...tls, socket: stream })
    watchEnding(books, stream)
    stream.once('close', failed)
    stream.once('secureConnect', secured)
  }
  function ask(passage: Passage): void {
    limitAnew()
    askForPassage(stream, passage, books, (granted) => (granted ? secureOrReady() : ready()))
  }
  function secureOrReady(): void {
    const { servername, tls } = target
    if (servername === undefined) return ready()
    const began = monotonicMs()
    secure({ ...tls, servername }, () => {
      books.secured = true
      books.tlsMs = monotonicMs() - began
      ready()
    })
  }
  raw.once('close', failed)
  raw.once('connect', () => {
    books.connected = true
    noteDialled(raw)
    books.local = path === undefined ? `${raw.localAddress}:${raw.localPort}` : undefined
    books.connectMs = monotonicMs() - started
    const { passage } = target
    if (!passage) secureOrReady()
    else if (passage.tls) secure(passage.tls, () => ask(passage))
    else ask(passage)
  })
}

/** This machine's limits are no part of any experiment. */
function noticeExhaustion(site: Site, { ending }: ConnectionBooks): void {
  const code = ending?.by === 'error' ? ending.code : undefined
  if (code === 'EMFILE' || code === 'ENFILE')
    site.broken(`out of file descriptors (${code}): raise the limit, ulimit -n`)
  if (code === 'EADDRNOTAVAIL')
    site.broken('out of local ports (EADDRNOTAVAIL): lower the rate, or keep connections alive')
}

/** Only who dials sees that nobody answers its SYN, or how: it counts for the fault that the address was under then. */
function notice(site: Site, { id, on, effect }: Fault, books: ConnectionBooks): void {
  if (!EVIDENCE[effect.type]?.(books)) return
  site.journal({ event: 'fault', t: site.now(), fault: id, hop: on, at: 'connect', effect: effect.type })
}

const failedWith = ({ ending }: ConnectionBooks, code: string) => ending?.by === 'error' && ending.code === code

const EVIDENCE: Partial<Record<EffectName, (books: ConnectionBooks) => boolean>> = {
  refuse: (books) => failedWith(books, 'ECONNREFUSED') || failedWith(books, 'ENOENT'),
  unreachable: (books) => failedWith(books, 'ENETUNREACH'),
  // On loopback an answer comes before connect() returns: who gave up before any timer did has not had one either.
  blackhole: ({ connected, ending }) => !connected && (ending === undefined || ending.by === 'timer'),
}

/** The broadcast address of loopback: connect() says ENETUNREACH at once, and no packet leaves. */
export const NO_ROUTE = '127.255.255.255'
