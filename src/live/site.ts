/**
 * What all hops of one live run share: the journal, the faults, the time, the certificates and who stands where.
 * Made by start.ts; each hop gets it and closes what it opened through its scope.
 */
import type { ConnectionOptions } from 'node:tls'
import type { FaultPlan } from '../core/fault/plan.js'
import type { Journal } from '../journal/events.js'
import type { Chance } from '../lib/random.js'
import type { Scope } from '../lib/scope.js'
import type { Scenario } from '../scenario/schema.js'
import type { AddressStates } from './address_states.js'
import type { Resolve } from './books.js'
import type { Certificates } from './certificates.js'
import type { Passage } from './passage.js'
import type { Crash } from './process/crash.js'

export interface Site {
  readonly scenario: Pick<Scenario, 'id' | 'hops' | 'faults'> & Partial<Pick<Scenario, 'in_turn'>>
  readonly plan: FaultPlan
  readonly chance: Chance
  readonly certificates: Certificates
  readonly scope: Scope
  /** False: nobody listens to the journal, so hops need not make events. */
  readonly journaling: boolean
  readonly journal: Journal
  /** Milliseconds since the load's start; 0 before. */
  now(): number
  /** When that was, on the clock of clock.ts; undefined before. */
  loadStart(): number | undefined
  /** Where a hop that has started listens; `from` may have to take a relay, when their link misbehaves. */
  addressOf(hop: string, from?: string): Address
  /** `apply` is called whenever the faults of the address at that place may have changed. */
  onAddressChange(place: string, apply: () => Promise<void>): void
  /** host:port of the name server; undefined where no proxy resolves by name. */
  readonly nameServer: string | undefined
  /** As they are carried out: who dials looks here. */
  readonly addressStates: AddressStates
  /** How this process is killed, where it is a hop's own; there is no such thing in that of the run. */
  readonly crash: Crash | undefined
  /** `act` is called whenever a load begins. */
  onLoadStart(act: () => void): void
  /** `finish` is waited for when the clients are done, until the signal is aborted: work in hand is finished. */
  onLoadEnd(finish: (signal: AbortSignal) => Promise<void>): void
  /** Something outside the experiment went wrong: the verdict is `error`. */
  broken(message: string): void
}

export interface Address {
  hop: string
  /** Whose faults decide on the state of the address: the hop, or a link to it. */
  place: string
  host: string
  port: number
  /** Of a unix socket; then there is no port. */
  path?: string | undefined
}

/** Whom to dial and how to speak to it. */
export interface Target extends Address {
  /** The name to find the address by, and how; undefined where it is known. */
  name?: string
  resolve?: Resolve
  /** The name to ask for and to verify, undefined for plain TCP. */
  servername: string | undefined
  /** The address to dial from; the kernel's choice if absent. */
  source?: string | undefined
  /** It stands behind a gateway: the address is the gateway's, the name its own. */
  passage?: Passage | undefined
  /** How TLS is spoken, where it is. */
  tls?: ConnectionOptions
}

export const formatAddress = ({ host, port, path }: Pick<Address, 'host' | 'port' | 'path'>): string =>
  path === undefined ? `${host}:${port}` : `unix:${path}`

/** Our end of a connection, or the other one; those of a unix socket have no names to tell them apart. */
export const formatEnd = (address: string | undefined, port: number | undefined): string =>
  address === undefined ? 'unix:' : `${address}:${port}`

/**
 * Whom a hop reaches, and in which scheme: that of the hop at the end of the bytes, unless the edge says otherwise.
 * @param tls how `from` speaks TLS
 */
export function targetOf(site: Site, from: string, { hop, scheme, port }: Edge, tls: ConnectionOptions): Target {
  const end = endOfBytes(site, hop)
  const own = site.addressOf(hop, from)
  const address = port === undefined ? own : elsewhere(own, typeof port === 'string' ? site.addressOf(port).port : port)
  const secured = scheme === undefined ? end.tls : scheme === 'https'
  return secured ? { ...address, servername: tls.servername ?? end.name, tls } : { ...address, servername: undefined }
}

export interface Edge {
  hop: string
  scheme?: 'http' | 'https' | undefined
  /** A number, or the hop that listens there; the hop's own if absent. */
  port?: number | string | undefined
}

/** An address that no hop is known to have: no faults count there. */
export function elsewhere(address: Address, port: number, host = address.host): Address {
  return { ...address, host, port, path: undefined, place: formatAddress({ host, port }) }
}

/** A firewall passes bytes on: who speaks TLS and HTTP is the hop behind it, in whose name it ends TLS where it does. */
export function endOfBytes(site: Pick<Site, 'scenario'>, name: string): { name: string; tls: boolean } {
  const hop = site.scenario.hops[name]!
  if (hop.kind !== 'waf') return { name, tls: hop.kind !== 'gateway' && hop.tls !== false }
  const behind = endOfBytes(site, hop.to)
  return hop.tls === false ? behind : { ...behind, tls: true }
}
