/** What a gateway's tunnels and forwardings share. gateway.ts puts it together. */
import type { GatewayHop } from '../../scenario/hops.js'
import type { Fingerprint } from '../profiles.js'
import type { Site } from '../site.js'
import type { Destinations } from './destinations.js'
import type { Doors } from './exit_doors.js'
import type { Pools } from './pools.js'
import type { Room } from './room.js'
import type { Traffic } from './traffic.js'

export interface GatewayParts {
  readonly site: Site
  readonly name: string
  readonly hop: GatewayHop
  readonly destinations: Destinations
  readonly pools: Pools
  readonly traffic: Traffic
  readonly doors: Doors
  /** By profile. */
  readonly fingerprints: ReadonlyMap<string, Fingerprint>
  readonly room: Room
  /** Those that are open, or being opened. */
  readonly tunnels: Set<OpenTunnel>
}

export interface OpenTunnel {
  close(): void
  /** Its client has closed its side, or reset it. */
  readonly clientGone: boolean
  /** Resolves when its end is in the journal. */
  readonly booked: Promise<void>
}
