/** The servers of one proxy, in the two groups that nginx has: backups are asked only while no primary may be. */
import type { Server } from './server.js'

export interface Group {
  readonly servers: readonly Server[]
  /** Of all of them, whatever their state; hashes walk over it. */
  readonly totalWeight: number
}

export interface Servers {
  readonly all: readonly Server[]
  readonly primaries: Group
  /** Undefined without any. */
  readonly backups: Group | undefined
  /** There is one server and no other: failures don't exclude it, since nobody could take its place. */
  readonly single: boolean
}

export function groupServers(all: readonly Server[]): Servers {
  const primaries = group(all.filter(({ config }) => !config.backup))
  const backups = group(all.filter(({ config }) => config.backup))
  return {
    all,
    primaries,
    backups: backups.servers.length > 0 ? backups : undefined,
    single: all.length === 1,
  }
}

const group = (servers: readonly Server[]): Group => ({
  servers,
  totalWeight: servers.reduce((sum, { config }) => sum + config.weight, 0),
})
