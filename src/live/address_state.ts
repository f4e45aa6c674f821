/**
 * The state of an address as its faults want it: open, refused, a black hole, or without a route. listen.ts hands it a
 * server that listens; who dials asks the site for the fault that is carried out at that moment.
 */
import type { Server } from 'node:net'
import type { EffectName } from '../core/fault/effects/index.js'
import type { Fault } from '../core/fault/fault.js'
import { BlackHole } from './black_hole.js'
import { monotonicMs, soon, wait } from './clock.js'
import { isBehindShutGate } from './gate.js'
import { KeptPort } from './kept_port.js'
import { acceptQueue, openingAt } from './kernel_table.js'
import type { Site } from './site.js'
import { closeKeepingFile, removeFile } from './unix.js'

export const HOST = '127.0.0.1'

/** A server that can stop listening and begin again; `node:net`'s, or what stands on it. */
export type Listener = Pick<Server, 'listen' | 'once' | 'on' | 'removeListener' | 'address' | 'listening'> & {
  close(): unknown
}

/**
 * @param at a port, or the path of a unix socket
 * @param backlog connections that the kernel keeps until they are accepted
 */
export function listen(server: Listener, at: number | string, backlog = 4096): Promise<void> {
  // As at a port of loopback, whoever is on this machine may dial: a real proxy may be another user.
  const where = typeof at === 'string' ? { path: at, writableAll: true } : { host: HOST, port: at }
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...where, backlog }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

type State = 'open' | 'refuse' | 'blackhole' | 'unreachable'
const stateOf = (fault: Fault | undefined) => (fault?.effect.type ?? 'open') as State

/**
 * Follows the faults of that place from now on. Connections that are open stay. While it is refused nobody listens, and
 * the kernel answers with RST. Without a route it is the dialler who goes astray (dial.ts); others are refused.
 */
export async function followFaults(site: Site, place: string, server: Listener, at: number | string): Promise<void> {
  const hole = canVanish(site, place) && typeof at === 'number' ? await BlackHole.prepare(at) : undefined
  const kept = mayClose(site, place) && typeof at === 'number' ? await KeptPort.prepare(at) : undefined
  const wanted = () => site.plan.address(place, site.now())
  const broken = (what: string) => (error: Error) => site.broken(`hop "${place}" ${what}: ${error.message}`)
  let fault: Fault | undefined
  let closing = false
  /** It listens, as far as we asked: between two wishes Node may still tell of the last close. */
  let listening = true

  async function carryOut(): Promise<void> {
    // Asked once: what is carried out is what the waits below were for. Who wants another state by then asks again.
    const next = wanted()
    const [before, after] = [stateOf(fault), stateOf(next)]
    if (before !== after) await site.addressStates.quiet(place)
    if (before === 'open' && after !== 'open') await accepted(at)
    if (closing) return
    // From here to the next await nobody can dial: an address is never seen between two states.
    fault = next
    if (before === after) return
    if (before === 'open') {
      listening = false
      const left = fault?.effect.type === 'refuse' && fault.effect.socket_file !== 'gone'
      if (left) closeKeepingFile(server)
      else server.close()
    }
    if (before === 'blackhole') hole!.lift()
    if (after === 'blackhole') {
      kept?.release()
      return hole!.fill()
    }
    if (after !== 'open') return void (await kept?.take())
    if (typeof at === 'string') removeFile(at)
    await listen(server, at)
    kept?.release()
    listening = true
  }
  let turn = Promise.resolve()
  site.onAddressChange(place, () => {
    const mine = turn.then(carryOut).catch(broken('cannot follow its faults'))
    turn = mine
    site.addressStates.set(place, { fault, turning: mine })
    return mine.then(() => {
      if (turn === mine) site.addressStates.set(place, { fault })
    })
  })
  server.on('close', () => {
    if (!closing && listening && !isBehindShutGate(server)) site.broken(`hop "${place}" stopped listening unasked`)
  })
  server.on('error', broken('failed'))
  site.scope.add(async () => {
    closing = true
    await turn
    await hole?.close()
    await kept?.close()
  })
}

/**
 * Rounds of the event loop, each of which accepts one: as many as a backlog holds. Who dials from here waits meanwhile,
 * so only strangers could make it longer. Who waits at a unix socket stands in no table.
 */
const ROUNDS = 4096
const UNKNOWN_ROUNDS = 20

/** A kernel that has not answered a SYN by then has dropped it, and its sender's sends another one. */
const ANSWERED_MS = 1000

/**
 * Who waits to be accepted, or for the kernel's answer, would be reset when nobody listens any more, though not refused.
 * The queue is looked at last: all connections of a machine are thousands, and a look at them is as long as strangers need.
 */
async function accepted(at: number | string): Promise<void> {
  const limit = monotonicMs() + ANSWERED_MS
  while (typeof at === 'number' && (await openingAt(at)) > 0 && monotonicMs() < limit) await wait(1)
  for (let left = typeof at === 'number' ? ROUNDS : UNKNOWN_ROUNDS; left > 0; left--) {
    if (typeof at === 'number' && (acceptQueue(at) ?? 0) === 0) return
    await new Promise<void>(soon)
  }
}

const hasFault = ({ scenario }: Site, place: string, does: (effect: EffectName) => boolean): boolean =>
  scenario.faults.some(
    ({ on, at, effect }) =>
      at.type === 'connect' && does(effect.type) && [place, ...place.split('->').slice(1)].includes(on),
  )
const canVanish = (site: Site, place: string) => hasFault(site, place, (effect) => effect === 'blackhole')
const mayClose = (site: Site, place: string) => hasFault(site, place, (effect) => effect !== 'blackhole')
