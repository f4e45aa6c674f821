/**
 * The fake firewall: reads the ClientHello before the handshake, then lets the bytes pass unchanged or does what a
 * fault says. It terminates nothing: an RST on one side is an RST on the other, a FIN a FIN.
 */
import { createServer, type Socket } from 'node:net'
import type { Fault } from '../core/fault/fault.js'
import type { Occasion } from '../core/fault/selection.js'
import type { TriggerName } from '../core/fault/triggers/index.js'
import type { WafHop } from '../scenario/hops.js'
import { openBooks } from './books.js'
import { dial } from './dial.js'
import { misbehave } from './effects.js'
import { readHello } from './hello.js'
import { listenAt, trackSockets } from './listen.js'
import type { Address, Site } from './site.js'
import { reset } from './wire.js'

/** A firewall waits this long for the hop behind it; the proxy in front has limits of its own. */
const CONNECT_LIMIT_MS = 60_000

/** Starts the firewall hop `name` and resolves once it listens; it is closed by the site's scope. */
export async function startWaf(site: Site, name: string, hop: WafHop): Promise<Address> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => void inspect(site, name, hop, raw))
  trackSockets(site, server)
  return listenAt(site, name, server, hop.port)
}

async function inspect(site: Site, name: string, hop: WafHop, raw: Socket): Promise<void> {
  const peer = `${raw.remoteAddress}:${raw.remotePort}`
  const hit = (at: TriggerName, occasion: Partial<Occasion>): boolean => {
    const fault: Fault | undefined = site.plan.take(name, at, { ...occasion, now_ms: site.now() })
    if (!fault) return false
    site.journal({ event: 'fault', t: site.now(), fault: fault.id, hop: name, at, effect: fault.effect.type, peer })
    misbehave(raw, raw, fault.effect)
    return true
  }
  site.journal({ event: 'connection', t: site.now(), hop: name, peer })
  if (hit('accept', {})) return
  const hello = await readHello(raw)
  if (raw.destroyed) return
  if (hello) {
    site.journal({ event: 'hello', t: site.now(), hop: name, peer, ja3: hello.ja3, ja4: hello.ja4, sni: hello.sni })
    if (hit('client_hello', hello)) return
  }
  pass(site, name, hop.to, raw)
}

function pass(site: Site, name: string, next: string, raw: Socket): void {
  const books = openBooks(false)
  dial(site, { ...site.addressOf(next, name), servername: undefined }, CONNECT_LIMIT_MS, books, (error, onward) => {
    if (error || !onward) return void reset(raw)
    onward.allowHalfOpen = true
    connectEnds(raw, onward)
    connectEnds(onward, raw)
  })
}

/** One direction: bytes with back-pressure, then FIN for FIN and RST for RST. */
function connectEnds(from: Socket, to: Socket): void {
  from.pipe(to)
  from.on('error', () => void reset(to))
  from.on('close', () => {
    if (!to.destroyed && !from.readableEnded) void reset(to)
  })
}
