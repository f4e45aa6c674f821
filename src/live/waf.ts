/**
 * The fake firewall: reads the ClientHello before the handshake, then lets the bytes pass unchanged or does what a
 * fault says. It terminates nothing: an RST on one side is an RST on the other, a FIN a FIN.
 */
import { createServer, type Socket } from 'node:net'
import type { WafHop } from '../scenario/hops.js'
import { openBooks } from './books.js'
import { dial } from './dial.js'
import { Faults, type Line } from './faults.js'
import { readHello } from './hello.js'
import { listenAt, trackSockets } from './listen.js'
import { pass } from './pass.js'
import type { Address, Site } from './site.js'
import { reset } from './wire.js'

/** A firewall waits this long for the hop behind it; the proxy in front has limits of its own. */
const CONNECT_LIMIT_MS = 60_000

/** Starts the firewall hop `name` and resolves once it listens; it is closed by the site's scope. */
export async function startWaf(site: Site, name: string, hop: WafHop): Promise<Address> {
  const faults = new Faults(site, name)
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => inspect(site, faults, name, hop, raw))
  trackSockets(site, server)
  return listenAt(site, name, server, hop.port)
}

function inspect(site: Site, faults: Faults, name: string, hop: WafHop, raw: Socket): void {
  const line: Line = { raw, peer: `${raw.remoteAddress}:${raw.remotePort}`, over: false }
  const { peer } = line
  const onward = () => forward(site, name, hop.to, raw)
  const read = async () => {
    const hello = await readHello(raw)
    if (raw.destroyed) return
    if (!hello) return onward()
    site.journal({ event: 'hello', t: site.now(), hop: name, peer, ja3: hello.ja3, ja4: hello.ja4, sni: hello.sni })
    faults.meet('client_hello', line, hello, { goOn: onward })
  }
  site.journal({ event: 'connection', t: site.now(), hop: name, peer })
  faults.meet('accept', line, {}, { goOn: () => void read() })
}

function forward(site: Site, name: string, next: string, raw: Socket): void {
  const books = openBooks(false)
  dial(site, { ...site.addressOf(next, name), servername: undefined }, CONNECT_LIMIT_MS, books, (error, onward) => {
    if (error || !onward) return void reset(raw)
    onward.allowHalfOpen = true
    pass(raw, onward)
  })
}
