/** A connection in the words of the trace: how its address was found, how it was made, how it failed. trace.ts calls it. */
import type { Failure } from '../core/failure.js'
import type { ConnectionUse } from '../journal/events.js'
import { formatMs } from '../lib/units.js'

export function dnsText({ address, lookup }: ConnectionUse): string {
  if (!lookup) return `${address.replace(/:\d+$/, '')}, nothing to resolve`
  const how = lookup.ms === undefined ? 'still known' : `asked in ${formatMs(lookup.ms)}`
  return `${lookup.name} is ${lookup.answer}, ${how}`
}

export function tcpText(one: ConnectionUse & { failure?: Failure | undefined }): string {
  if (one.reused) return 'connection used again'
  if (one.connect_ms !== undefined) return `connected in ${formatMs(one.connect_ms)}`
  return isConnected(one) ? 'connected' : 'not connected'
}

/** As far as its failure tells. */
export const isConnected = ({ failure }: { failure?: Failure | undefined }): boolean =>
  failure !== undefined && !['select', 'dns', 'connect'].includes(failure.stage)

export const isSocket = ({ address }: Pick<ConnectionUse, 'address'>): boolean => address.startsWith('unix:')

type Wire = Partial<Record<Failure['manner'], string>>
const WIRE: Wire = { reset: 'RST', closed: 'FIN', refused: 'RST to the SYN' }
/** What the kernel says where there are no packets. */
const SOCKET: Wire = { reset: 'ECONNRESET', closed: 'end' }

export const describe = (failure: Failure, use: ConnectionUse): string => {
  const wire = (isSocket(use) ? SOCKET : WIRE)[failure.manner]
  return `${wire ? `${wire}: ` : ''}${failure.details} [${failure.type}, ${failure.stage}]`
}
