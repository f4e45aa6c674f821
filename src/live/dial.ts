/**
 * Opens a connection to a hop: TCP, then TLS where wanted, each with a time limit of its own, everything booked.
 * One address, one family, one try: what happens again is decided elsewhere. Proxy, firewall and clients call it.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ConnectionBooks, watchEnding } from './books.js'
import { monotonicMs, startTimer, stopTimer } from './clock.js'
import { noteDialled } from './dialled.js'
import { formatAddress, type Site, type Target } from './site.js'

/**
 * Calls back once, with the stream that carries the bytes or with the error that ended the attempt; `books.ending`
 * then says why.
 */
export function dial(
  site: Site,
  target: Target,
  connectTimeoutMs: number,
  books: ConnectionBooks,
  done: (error: Error | null, stream?: Socket) => void,
): void {
  const started = monotonicMs()
  const raw = connectTcp({ host: target.host, port: target.port, localAddress: target.source, noDelay: true })
  watchEnding(books, raw)
  let stream: Socket = raw
  let timer = startTimer(connectTimeoutMs, expire)

  function expire(): void {
    books.ending ??= { by: 'timer', timer: 'connect' }
    stream.destroy(new Error('connect timed out'))
    raw.destroy()
  }
  /** Every way to fail ends in a close: by then the first cause is booked. */
  function failed(): void {
    stopTimer(timer)
    noticeRefusal(site, target, books)
    noticeExhaustion(site, books)
    done(new Error(`no connection to ${formatAddress(target)}`))
  }
  function ready(): void {
    stopTimer(timer)
    stream.removeListener('close', failed)
    books.stream = stream
    done(null, stream)
  }
  raw.once('close', failed)
  raw.once('connect', () => {
    books.connected = true
    noteDialled(raw)
    books.local = `${raw.localAddress}:${raw.localPort}`
    books.connectMs = monotonicMs() - started
    if (target.servername === undefined) return ready()
    stopTimer(timer)
    timer = startTimer(connectTimeoutMs, expire)
    raw.removeListener('close', failed)
    const connected = monotonicMs()
    stream = connectTls({ ...target.tls, socket: raw, servername: target.servername })
    watchEnding(books, stream)
    stream.once('close', failed)
    stream.once('secureConnect', () => {
      books.secured = true
      books.tlsMs = monotonicMs() - connected
      ready()
    })
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

/** Only who dials sees a refused SYN: it counts for the fault that the address is under. */
function noticeRefusal(site: Site, target: Target, books: ConnectionBooks): void {
  const { ending } = books
  if (ending?.by !== 'error' || ending.code !== 'ECONNREFUSED') return
  const fault = site.plan.address(target.place, site.now())
  if (fault?.effect.type !== 'refuse') return
  site.journal({ event: 'fault', t: site.now(), fault: fault.id, hop: target.place, at: 'connect', effect: 'refuse' })
}
