/**
 * The relay of a link that misbehaves: stands in front of one hop for one of those that dial it, and passes bytes on as
 * core/link says. start.ts starts it. It accepts before it dials, and reads nothing of what it carries, TLS included.
 */
import { createServer, type Socket } from 'node:net'
import type { Fault } from '../core/fault/fault.js'
import { createCrossing } from '../core/link/crossing.js'
import { type ConnectionBooks, openBooks } from './books.js'
import { monotonicMs } from './clock.js'
import { dial } from './dial.js'
import { listenAt, trackSockets } from './listen.js'
import { type LinkOfOne, pass } from './pass.js'
import type { Address, Site, Target } from './site.js'
import { reset } from './wire.js'

/** A path gives nobody up: who dials through it has limits of its own. */
const CONNECT_LIMIT_MS = 60_000

/** Starts the relay of the link, such as `lb->app`, and resolves once it listens; the hop behind it has started. */
export async function startRelay(site: Site, link: string, to: string, port?: number): Promise<Address> {
  const dialled = new Set<ConnectionBooks>()
  let connections = 0
  /** A link changes no addresses: an exit's own shows on the far side too. */
  const targetOf = ({ remoteAddress }: Socket): Target => {
    const address = site.addressOf(to)
    return { ...address, servername: undefined, source: remoteAddress === address.host ? undefined : remoteAddress }
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const books = openBooks(false)
    const crossing = crossingOf(site, link, ++connections, near)
    dialled.add(books)
    dial(site, targetOf(near), CONNECT_LIMIT_MS, books, (error, far) => {
      if (error || !far) {
        dialled.delete(books)
        return void reset(near)
      }
      far.allowHalfOpen = true
      far.on('close', () => dialled.delete(books))
      pass(near, far, crossing)
    })
  })
  trackSockets(site, server)
  site.scope.add(() => {
    for (const { raw } of dialled) raw?.destroy()
  })
  return { ...(await listenAt(site, link, server, port)), hop: to }
}

function crossingOf(site: Site, link: string, ordinal: number, near: Socket): LinkOfOne {
  const crossing = createCrossing(link, ordinal, site.scenario.faults, site.plan, site.chance)
  const peer = `${near.remoteAddress}:${near.remotePort}`
  return {
    arrive: (direction, bytes) => crossing.arrive(direction, bytes, { load_ms: site.now(), steady_ms: monotonicMs() }),
    fired({ id, effect }: Fault) {
      site.journal({ event: 'fault', t: site.now(), fault: id, hop: link, at: 'wire', effect: effect.type, peer })
    },
  }
}
