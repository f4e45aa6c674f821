/** A client's own end of a tunnel through a gateway, in the words of the trace. trace.ts calls it. */
import type { AttemptEvent, TunnelUse } from '../journal/events.js'
import { formatMs } from '../lib/units.js'

export function tunnelText({ to, status, ms }: TunnelUse, { reused, exit }: AttemptEvent): string {
  const through = exit === undefined ? '' : `, through exit ${exit}`
  if (reused) return `the one to ${to}${through}`
  const answer = status === undefined ? 'no answer' : `${status}${ms === undefined ? '' : ` in ${formatMs(ms)}`}`
  return `CONNECT ${to}: ${answer}${through}`
}
